def show(): 
    import streamlit as st
    st.title("Checkpoint")
