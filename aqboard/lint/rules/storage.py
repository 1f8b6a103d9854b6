"""Rules on paths: where compiled kernels are kept, and whose project the files belong to."""

import re
from collections.abc import Iterator

from aqboard.lint.parse.model import Script, Word
from aqboard.lint.rules.queries import NODE_LOCAL, SHARED, all_words, everywhere
from aqboard.lint.rules.rule import Hit, Level, Rule, RuleContext, source

CACHES = {
    "MIOPEN_USER_DB_PATH": "MIOpen",
    "MIOPEN_CUSTOM_CACHE_DIR": "MIOpen",
    "TRITON_CACHE_DIR": "Triton",
    "TORCHINDUCTOR_CACHE_DIR": "the Inductor compiler",
    "CUDA_CACHE_PATH": "CUDA's compiler",
    "NUMBA_CACHE_DIR": "Numba",
}
DISABLED = {
    "MIOPEN_DISABLE_CACHE": "MIOpen",
    "CUDA_CACHE_DISABLE": "CUDA's compiler",
    "TRITON_ALWAYS_COMPILE": "Triton",
}
ON = ("1", "true", "yes", "on")

PROJECTS = (
    r"/(?:scratch|project|projappl|flash|users|pfs/lustre\w+/(?:scratch|projappl|flash))/(project_\d+)",
    r"/lustre/orion/([a-z]{2,5}\d{2,4}\w*)",
    r"/p/(?:project\d*|scratch|data\d*|fastdata)/([\w-]+)",
    r"/leonardo_(?:work|scratch/fast)/([A-Za-z]\w+)",
)
_PROJECT = re.compile(f"(?:{'|'.join(PROJECTS)})(?=/|$)")


def jit_cache(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Do compiled kernels lie on each node's own disk?"""
    for found, _step in everywhere(script):
        text = found.value.text
        if found.name in CACHES and SHARED.match(text) and not NODE_LOCAL.match(text):
            yield Hit(
                found.line,
                f"The cache of {CACHES[found.name]} lies on storage that all nodes share ({text[:80]}): its locks "
                "collide, and every task waits for every other.",
                f'Inside the step write: export {found.name}="/tmp/$USER-$SLURM_JOB_ID"   (made there by local rank 0)',
                found.column,
            )
        if found.name in DISABLED and text.lower() in ON:
            yield Hit(
                found.line,
                f"Without its cache {DISABLED[found.name]} compiles the same kernels again in every task.",
                f"Remove line {found.line}; put the cache on /tmp instead.",
                found.column,
            )


JIT_CACHE = Rule(
    10,
    "jit-cache",
    "Compiled kernels are kept on each node's own disk",
    Level.ERROR,
    "These caches are in the home folder by default, and MIOpen's is an SQLite database: on a parallel file "
    "system hundreds of tasks wait for its locks. Switched off, every task compiles everything again.",
    source("MIOpen, kernel cache", "https://rocm.docs.amd.com/projects/MIOpen/en/latest/conceptual/cache.html"),
    jit_cache,
)


def account(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Is the project that pays the one whose files are used?"""
    named = script.option("account")
    if named is None or "$" in named.value:
        return
    seen: set[str] = set()
    directives = [Word(each.value, each.line, each.column) for each in script.directives]
    for word in (*directives, *all_words(script)):
        for match in _PROJECT.finditer(word.text[:4096]):
            project = match[match.lastindex or 0]
            if project.lower() != named.value.lower() and project.lower() not in seen:
                seen.add(project.lower())
                yield Hit(
                    word.line,
                    f"This path belongs to {project}, and the job is charged to {named.value} (line {named.line}).",
                    f"Correct the project in line {word.line} or the account in line {named.line}, or say why both are "
                    "meant: # aqboard: ignore account REASON",
                    word.column,
                )


ACCOUNT = Rule(
    12,
    "account",
    "The project that pays is the project of the files",
    Level.WARNING,
    "A script copied from another project charges one project and reads another's files: the wrong budget is "
    "spent, or the job stops at a missing permission.",
    source("LUMI user guide, billing policy", "https://docs.lumi-supercomputer.eu/runjobs/lumi_env/billing/"),
    account,
)
