"""What Streamlit is told to run. It puts the folder of its script first on `sys.path`: nothing else may lie here."""
