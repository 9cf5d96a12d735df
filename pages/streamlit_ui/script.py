"""The script that Streamlit runs for each visitor, again after each interaction."""

from pages.streamlit_ui.shell import served_app

if __name__ == "__main__":
    served_app().show()
