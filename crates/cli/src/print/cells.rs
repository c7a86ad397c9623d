//! Values as PostgreSQL shows them: `t` and `f`, times with a space.

use arrow::array::{Array, AsArray, RecordBatch, TimestampSecondArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

const OPTIONS: FormatOptions<'_> = FormatOptions::new()
    .with_display_error(true)
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:::z"));

/// Every value of a batch as text, NULL as `None`, row by row.
pub(super) fn texts(batch: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let mut rows: Vec<_> = (0..batch.num_rows()).map(|_| Vec::with_capacity(batch.num_columns())).collect();
    for column in batch.columns() {
        let cells = cells(&**column);
        rows.iter_mut().enumerate().for_each(|(row, texts)| texts.push(cells(row)));
    }
    rows
}

fn cells(array: &dyn Array) -> Box<dyn Fn(usize) -> Option<String> + '_> {
    if let DataType::Boolean = array.data_type() {
        let values = array.as_boolean();
        return Box::new(|row| values.is_valid(row).then(|| if values.value(row) { "t" } else { "f" }.to_owned()));
    }
    let is_time = matches!(array.data_type(), DataType::Timestamp(..) | DataType::Time64(_));
    match ArrayFormatter::try_new(array, &OPTIONS) {
        Ok(formatter) if is_time => {
            Box::new(move |row| array.is_valid(row).then(|| without_zeros(&formatter.value(row).to_string())))
        }
        Ok(formatter) => Box::new(move |row| array.is_valid(row).then(|| formatter.value(row).to_string())),
        // A type that Arrow can't show has no text at all.
        Err(error) => Box::new(move |_| Some(format!("<{error}>"))),
    }
}

/// A time whose fraction of a second has no zeros at its end.
fn without_zeros(time: &str) -> String {
    let Some((front, rest)) = time.split_once('.') else { return time.to_owned() };
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(digits);
    match fraction.trim_end_matches('0') {
        "" => format!("{front}{zone}"),
        fraction => format!("{front}.{fraction}{zone}"),
    }
}

/// A time in microseconds since 1970, to the second.
pub(crate) fn instant(micros: i64) -> String {
    let seconds = TimestampSecondArray::from(vec![micros.div_euclid(1_000_000)]);
    cells(&seconds)(0).unwrap_or_default()
}

/// Whether values of this type stand at the right of their column.
pub(super) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn t_31_booleans_and_times_are_those_of_postgresql() {
        let instant = || TimestampMicrosecondArray::from(vec![Some(1_500_000), None]);
        let columns: [(&str, ArrayRef); 3] = [
            ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("t", Arc::new(instant())),
            ("z", Arc::new(instant().with_timezone("UTC"))),
        ];
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("a batch");
        let some = |text: &str| Some(text.to_owned());
        let first = vec![some("t"), some("1970-01-01 00:00:01.5"), some("1970-01-01 00:00:01.5+00")];
        assert_eq!(texts(&batch), [first, vec![None, None, None]]);
    }
}
