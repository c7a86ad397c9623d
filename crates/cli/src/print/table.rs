//! Aligned columns under a header. Widths are those of the rows seen so far, so a table may go on while changes come.

use arrow::datatypes::Schema;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{cells, changes};
use crate::report::Paint;

/// The shape of a table.
pub(super) struct Table {
    columns: Vec<Column>,
    paint: Paint,
}

struct Column {
    name: String,
    width: usize,
    right: bool,
}

/// A wider cell is cut: a table is to be looked at, the other formats keep everything.
const CELL_WIDTH_MAX: usize = 60;

impl Table {
    pub(super) fn new(schema: &Schema, paint: Paint) -> Self {
        let column = |field: &arrow::datatypes::FieldRef| {
            let name = shown(field.name());
            Column { width: name.width(), name, right: cells::is_number(field.data_type()) }
        };
        Self { columns: schema.fields().iter().map(column).collect(), paint }
    }

    /// Makes room for these rows.
    pub(super) fn widen(&mut self, rows: &[Vec<Option<String>>]) {
        for row in rows {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                column.width = column.width.max(text(cell).width());
            }
        }
    }

    pub(super) fn header(&self) -> String {
        let names = self.joined(self.columns.iter().map(|column| column.name.clone()), "│");
        let rule: Vec<String> = self.columns.iter().map(|column| "─".repeat(column.width + 2)).collect();
        format!("{}\n{}\n", self.paint.bold(&names), rule.join("┼"))
    }

    pub(super) fn line(&self, row: &[Option<String>]) -> String {
        self.joined(row.iter().map(text), "│") + "\n"
    }

    /// A line whose colour says whether the row comes or goes.
    pub(super) fn change(&self, row: &[Option<String>]) -> String {
        let goes = row.get(changes::WEIGHT).and_then(Option::as_deref).is_some_and(|weight| weight.starts_with('-'));
        let line = self.joined(row.iter().map(text), "│");
        self.paint.tint(if goes { "31" } else { "32" }, &line) + "\n"
    }

    fn joined(&self, cells: impl Iterator<Item = String>, bar: &str) -> String {
        let padded = self.columns.iter().zip(cells).map(|(column, cell)| {
            let room = " ".repeat(column.width.saturating_sub(cell.width()));
            if column.right { format!(" {room}{cell} ") } else { format!(" {cell}{room} ") }
        });
        padded.collect::<Vec<_>>().join(bar).trim_end().to_owned()
    }
}

fn text(cell: &Option<String>) -> String {
    cell.as_deref().map_or_else(|| "NULL".to_owned(), shown)
}

/// One line without anything that acts on a terminal, cut where it is too wide.
fn shown(text: &str) -> String {
    let mut cut = String::new();
    let mut width = 0;
    let mut letters = text.chars().map(|letter| match letter {
        '\n' => '↵',
        letter if letter.is_control() => '�',
        letter => letter,
    });
    while let Some(letter) = letters.next() {
        let own = letter.width().unwrap_or(0);
        if width + own > CELL_WIDTH_MAX - 1 && (width + own > CELL_WIDTH_MAX || letters.clone().next().is_some()) {
            cut.push('…');
            break;
        }
        width += own;
        cut.push(letter);
    }
    cut
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    fn table(rows: &[Vec<Option<String>>]) -> String {
        let schema = Schema::new(vec![Field::new("name", DataType::Utf8View, true), Field::new("n", DataType::Int64, true)]);
        let mut table = Table::new(&schema, Paint(false));
        table.widen(rows);
        rows.iter().fold(table.header(), |text, row| text + &table.line(row))
    }

    fn row(name: &str, n: Option<&str>) -> Vec<Option<String>> {
        vec![Some(name.to_owned()), n.map(str::to_owned)]
    }

    #[test]
    fn numbers_stand_at_the_right_and_wide_letters_count_twice() {
        let rows = [row("日本", Some("7")), row("a", None), row("x\ny\x1b", Some("-1234"))];
        let expected = " name │     n\n──────┼───────\n 日本 │     7\n a    │  NULL\n x↵y� │ -1234\n";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn a_wide_cell_is_cut_and_one_that_just_fits_is_not() {
        let fits = "x".repeat(CELL_WIDTH_MAX);
        assert_eq!(shown(&fits), fits);
        let cut = shown(&"x".repeat(CELL_WIDTH_MAX + 1));
        assert_eq!((cut.width(), cut.ends_with('…')), (CELL_WIDTH_MAX, true));
    }
}
