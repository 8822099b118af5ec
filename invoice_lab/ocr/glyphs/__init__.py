"""Reading by the fonts a layout is drawn with: glyphs are looked up, and what was read is drawn again and compared."""
