//! Rows and changes as text: a table for people, CSV and JSON lines as the sinks write them, and one line a change.

mod cells;
mod changes;
mod table;

use clap::ValueEnum;
use levada::connect::{Encoder, Format as _, Options};
use levada::{DeltaBatch, Epoch, EpochChanges, Error, Result, Rows, Subscription};
use levada_formats::{Csv, Json};

use crate::report::Paint;
use crate::screen::Screen;
pub(crate) use cells::instant;
use table::Table;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns under a header
    #[default]
    Table,
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Json,
    /// One line a row or change: its weight, its epoch and its columns by name
    Changes,
}

/// Prints the rows of a query.
///
/// # Errors
/// `LV-C030` if nobody reads any more; `LV-C003` for a type that the format can't hold.
pub(crate) fn rows(format: Format, rows: &Rows, screen: &Screen) -> Result<()> {
    match format {
        Format::Table => screen.print(&table(rows, screen.paint())),
        Format::Csv | Format::Json => {
            let mut encoder = encoder(format, &rows.schema, screen)?;
            rows.batches.iter().try_for_each(|batch| encoder.write(batch))?;
            encoder.flush()
        }
        Format::Changes => {
            let insertions: Vec<_> = rows.batches.iter().cloned().map(DeltaBatch::insertions).collect();
            screen.print(&changes::lines(rows.epoch, &insertions))
        }
    }
}

/// Rows as a table with their number under it.
pub(crate) fn table(rows: &Rows, paint: Paint) -> String {
    let texts: Vec<_> = rows.batches.iter().flat_map(cells::texts).collect();
    let mut table = Table::new(&rows.schema, paint);
    table.widen(&texts);
    let mut text = table.header();
    texts.iter().for_each(|row| text.push_str(&table.line(row)));
    text + &count(rows.len())
}

/// Prints a text that came as rows of one column, line by line.
///
/// # Errors
/// `LV-C030` if nobody reads any more.
pub(crate) fn plain(rows: &Rows, screen: &Screen) -> Result<()> {
    let lines = rows.batches.iter().flat_map(cells::texts).filter_map(|mut row| row.pop().flatten());
    screen.print(&lines.map(|line| line + "\n").collect::<String>())
}

fn count(rows: usize) -> String {
    match rows {
        1 => "(1 row)\n".to_owned(),
        _ => format!("({rows} rows)\n"),
    }
}

fn encoder(format: Format, schema: &arrow::datatypes::SchemaRef, screen: &Screen) -> Result<Box<dyn Encoder>> {
    let (output, options) = (Box::new(screen.output()), Options::default());
    match format {
        Format::Csv => Csv.encoder(output, schema.clone(), &options),
        Format::Json => Json.encoder(output, schema.clone(), &options),
        Format::Table | Format::Changes => Err(Error::internal("a format without an encoder")),
    }
}

/// Prints the epochs of a subscription as they come.
pub(crate) struct Follower {
    subscription: Subscription,
    style: Style,
}

enum Style {
    /// A table that goes on: its columns grow, its header stays.
    Table {
        table: Table,
        begun: bool,
    },
    Encoded(Box<dyn Encoder>),
    Lines,
}

/// Whether more may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Following {
    Open,
    Ended,
}

impl Follower {
    /// # Errors
    /// `LV-C003` for a type that the format can't hold.
    pub(crate) fn new(subscription: Subscription, format: Format, screen: &Screen) -> Result<Self> {
        let schema = changes::schema(subscription.schema());
        let style = match format {
            Format::Table => Style::Table { table: Table::new(&schema, screen.paint()), begun: false },
            Format::Csv | Format::Json => Style::Encoded(encoder(format, &schema, screen)?),
            Format::Changes => Style::Lines,
        };
        Ok(Self { subscription, style })
    }

    /// Prints what has come.
    ///
    /// # Errors
    /// What ended the subscription; `LV-C030` if nobody reads any more.
    pub(crate) fn print(&mut self, screen: &Screen) -> Result<Following> {
        while let Some(next) = self.subscription.try_next() {
            match next? {
                Some(epoch) => self.epoch(&epoch, screen)?,
                None => return Ok(Following::Ended),
            }
        }
        Ok(Following::Open)
    }

    fn epoch(&mut self, epoch: &EpochChanges, screen: &Screen) -> Result<()> {
        match &mut self.style {
            Style::Lines => screen.print(&changes::lines(epoch.epoch, &epoch.changes)),
            Style::Encoded(encoder) => {
                for changes in &epoch.changes {
                    encoder.write(&changes::with_weights(epoch.epoch, changes)?)?;
                }
                encoder.flush()
            }
            Style::Table { table, begun } => {
                let texts = table_texts(epoch.epoch, &epoch.changes)?;
                table.widen(&texts);
                let mut text = if std::mem::replace(begun, true) { String::new() } else { table.header() };
                texts.iter().for_each(|row| text.push_str(&table.change(row)));
                screen.print(&text)
            }
        }
    }
}

fn table_texts(epoch: Epoch, deltas: &[DeltaBatch]) -> Result<Vec<Vec<Option<String>>>> {
    let mut texts = Vec::new();
    for delta in deltas {
        texts.extend(cells::texts(&changes::with_weights(epoch, delta)?));
    }
    for weight in texts.iter_mut().filter_map(|row| row.get_mut(changes::WEIGHT)?.as_mut()) {
        if !weight.starts_with('-') {
            weight.insert(0, '+');
        }
    }
    Ok(texts)
}
