"""Evidence on the checkpoint's training, the data, the machine and the job, as probes bring it when all is well."""

from aqboard.domain.checkpoint import HealthReport, OptimizerFacts, ParamGroup, TensorHealth
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.checkpoint import (
    CheckpointEvidence,
    ConfigurationEvidence,
    FileEvidence,
    HealthEvidence,
    OptimizerEvidence,
)
from aqboard.domain.evidence.data import DataEvidence, DataFacts, Period, Statistics
from aqboard.domain.evidence.machine import EnvironmentEvidence, Gpu, OutputFolder
from aqboard.domain.evidence.training import TrainingEvidence, TrainingFacts
from aqboard.domain.plan import LaunchPlan

GIB = 1 << 30


def healthy(plan: LaunchPlan, checkpoint: CheckpointEvidence) -> tuple[Evidence, ...]:
    """One of each kind, fitting the checkpoint's evidence and the plan's job."""
    summary = checkpoint.summary
    return (
        FileEvidence(
            size=summary.size,
            tensors=len(summary.tensors),
            parameters=summary.parameters,
            integrity=checkpoint.integrity,
        ),
        HealthEvidence(report=HealthReport(tensors=tuple(_tensor(key) for key in summary.tensors))),
        ConfigurationEvidence(
            saved={"model.embed_dim": 64, "model.heads": 4, "optimiser.lr": 3e-3},
            launch={"model.embed_dim": 64, "model.heads": 4, "optimiser.lr": 3e-4},
            must_agree=("model.*",),
        ),
        OptimizerEvidence(saved=(_optimizer(),), saved_shapes=(((64, 64), (64,)),), schedulers=1),
        DataEvidence(launch=facts(), trained=facts()),
        training(plan),
        machine(plan),
    )


def training(plan: LaunchPlan) -> TrainingEvidence:
    """Configured for the plan's job."""
    facts = TrainingFacts(
        nodes=plan.cluster.nodes,
        devices=plan.cluster.gpus_per_node,
        batch_size=2,
        max_steps=1800,
        train_samples=5000,
        configuration="train.yaml",
    )
    return TrainingEvidence(facts=facts)


def machine(plan: LaunchPlan) -> EnvironmentEvidence:
    """A GPU node of the plan's cluster, with room on its disk."""
    gpu = Gpu(name="AMD Instinct MI250X", total_bytes=64 * GIB, free_bytes=63 * GIB)
    output = OutputFolder(
        path="/scratch/project_462000640/aq_net2/training",
        what="checkpoints and log",
        nearest="/scratch/project_462000640/aq_net2",
        free_bytes=900 * GIB,
        free_files=10**6,
    )
    return EnvironmentEvidence(
        host="nid005001",
        python="3.11.9",
        torch="2.6.0",
        torch_build="ROCm 6.2",
        driver="amdgpu 6.3.6",
        gpus=(gpu,) * plan.cluster.gpus_per_node,
        open_files=65536,
        commit="c" * 40,
        packages={"torch": "2.6.0"},
        outputs=(output,),
        checkpoint_bytes=600 << 20,
    )


def facts() -> DataFacts:
    """Three variables and the years of a small training."""
    return DataFacts(
        variables=("u", "v", "pm25"),
        statistics={
            "u": Statistics(mean=2.8, std=2.1),
            "v": Statistics(mean=0.1, std=2.3),
            "pm25": Statistics(mean=1.4, std=1.2, transform="log", offset=1.0),
        },
        train=(Period.of_year(2017), Period.of_year(2018)),
        validation=(Period.of_year(2019),),
        selection={"lead_hours": [12]},
    )


def _tensor(key: str) -> TensorHealth:
    return TensorHealth(
        key=key, numel=4096, nan=0, inf=0, zero_share=0.0, minimum=-0.4, maximum=0.5, constant=False, never_trained=None
    )


def _optimizer() -> OptimizerFacts:
    groups = (
        ParamGroup(params=1, settings={"lr": 3e-5, "initial_lr": 3e-3}),
        ParamGroup(params=1, settings={"lr": 3e-5, "initial_lr": 3e-3}),
    )
    return OptimizerFacts(groups=groups, state_tensors=6, state_bytes=50_000, step=311.0)
