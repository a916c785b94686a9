//! A table as kubectl prints it: columns by their longest cell, three spaces between them, nothing behind the last.

use super::terminal::{Shade, Terminal, shown};

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    shade: Shade,
}

impl Cell {
    /// As it is; a dash where there is nothing to say.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::shaded(text, Shade::Plain)
    }

    /// In a shade.
    pub fn shaded(text: impl Into<String>, shade: Shade) -> Self {
        let text = shown(&text.into());
        let text = if text.is_empty() { "-".to_owned() } else { text };
        Self { text, shade }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Columns that have been laid out, so that rows which come later stand below the first.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    widths: Vec<usize>,
}

impl Table {
    /// Wide enough for the headings and these rows.
    pub fn for_rows(headings: &[&'static str], rows: &[Vec<Cell>]) -> Self {
        let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        Self {
            headings: headings.to_vec(),
            widths,
        }
    }

    /// The line of headings.
    pub fn heading(&self, terminal: &Terminal) -> String {
        let cells: Vec<Cell> = self.headings.iter().map(|heading| Cell::plain(*heading)).collect();
        self.row(&cells, terminal)
    }

    /// One line.
    pub fn row(&self, cells: &[Cell], terminal: &Terminal) -> String {
        let mut line = String::new();
        for (index, (cell, width)) in cells.iter().zip(&self.widths).enumerate() {
            line.push_str(&terminal.shaded(&cell.text, cell.shade));
            if index + 1 < cells.len() {
                let gap = width.saturating_sub(cell.width()) + 3;
                line.extend(std::iter::repeat_n(' ', gap));
            }
        }
        line.push('\n');
        line
    }
}
