"""What `aqboard serve` starts. A folder of its own, because Streamlit puts the script's folder on Python's path."""
