"""One look for all pages, light and dark. System fonts: nothing is fetched from elsewhere."""

from pathlib import Path

import gradio as gr

from components.html import STYLE_SHEETS as MARKUP_STYLE_SHEETS

STYLE_SHEETS = (Path(__file__).with_name("theme.css"), *MARKUP_STYLE_SHEETS)


def theme() -> gr.themes.Base:
    base = gr.themes.Soft(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        radius_size="sm",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "DejaVu Sans Mono", "Menlo", "monospace"],
    )
    return base.set(
        block_border_width="1px",
        layout_gap="10px",
        # Enough contrast for small print and for white on the accent, light and dark (WCAG AA).
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        # Options and buttons look like controls before they are selected, too.
        checkbox_label_border_width="1px",
        checkbox_label_border_color="*neutral_400",
        checkbox_label_border_color_dark="*neutral_500",
        button_border_width="1px",
        button_secondary_border_color="*neutral_400",
        button_secondary_border_color_dark="*neutral_500",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="400",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_padding="0",
        block_label_background_fill="white",
        block_label_background_fill_dark="*neutral_900",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
    )
