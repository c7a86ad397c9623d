//! Whether two results are the same rows, whatever their order and their batches.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use anyhow::{Context, Result, bail};
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Fails, naming a row, unless `found` and `wanted` hold the same rows, each as often. Columns are compared by place, in the types
/// of `found`.
pub fn check_equal(found: &[RecordBatch], wanted: &[RecordBatch]) -> Result<()> {
    let Some(first) = found.iter().chain(wanted).next() else { return Ok(()) };
    let types: Vec<DataType> = first.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let mut converter = RowConverter::new(types.iter().cloned().map(SortField::new).collect())?;
    let digests = [digest(&mut converter, &types, found)?, digest(&mut converter, &types, wanted)?];
    if digests[0] == digests[1] {
        return Ok(());
    }
    let rows = [sorted(&mut converter, &types, found)?, sorted(&mut converter, &types, wanted)?];
    let at = rows[0].iter().zip(&rows[1]).position(|(found, wanted)| found != wanted);
    let at = at.unwrap_or_else(|| rows[0].len().min(rows[1].len()));
    let text = |rows: &[OwnedRow]| rows.get(at).map_or(Ok("nothing".to_owned()), |row| print(&converter, row));
    let [found, wanted] = &rows;
    bail!(
        "{} rows, {} wanted; in order the first that differs is {}, and {} was wanted",
        found.len(),
        wanted.len(),
        text(found)?,
        text(wanted)?
    )
}

/// The number of rows and the sum of their hashes.
fn digest(converter: &mut RowConverter, types: &[DataType], batches: &[RecordBatch]) -> Result<(usize, u64)> {
    let mut digest = (0, 0_u64);
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    for batch in batches {
        let rows = convert(converter, types, batch)?;
        digest.0 += batch.num_rows();
        digest.1 = rows.iter().fold(digest.1, |sum, row| sum.wrapping_add(hasher.hash_one(row.as_ref())));
    }
    Ok(digest)
}

fn sorted(converter: &mut RowConverter, types: &[DataType], batches: &[RecordBatch]) -> Result<Vec<OwnedRow>> {
    let mut all = Vec::new();
    for batch in batches {
        all.extend(convert(converter, types, batch)?.iter().map(|row| row.owned()));
    }
    all.sort_unstable();
    Ok(all)
}

fn convert(converter: &mut RowConverter, types: &[DataType], batch: &RecordBatch) -> Result<arrow::row::Rows> {
    if batch.num_columns() != types.len() {
        bail!("{} columns, not {}", batch.num_columns(), types.len());
    }
    let columns = batch.columns().iter().zip(types).map(|(column, data_type)| cast(column, data_type));
    let columns = columns.collect::<Result<Vec<_>, _>>().context("results of different types")?;
    Ok(converter.convert_columns(&columns)?)
}

fn print(converter: &RowConverter, row: &OwnedRow) -> Result<String> {
    let columns = converter.convert_rows([row.row()])?;
    let options = FormatOptions::default().with_null("NULL");
    let cell = |column| -> Result<String> { Ok(ArrayFormatter::try_new(column, &options)?.value(0).to_string()) };
    let cells: Vec<String> = columns.iter().map(|column| cell(column.as_ref())).collect::<Result<_>>()?;
    Ok(format!("({})", cells.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, Int64Array};

    use super::*;

    fn batch(numbers: &[i64]) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef)]).unwrap()
    }

    #[test]
    fn order_and_batches_do_not_matter() {
        check_equal(&[batch(&[1, 2, 2]), batch(&[3])], &[batch(&[2]), batch(&[]), batch(&[3, 1, 2])]).unwrap();
        check_equal(&[], &[]).unwrap();
        check_equal(&[], &[batch(&[])]).unwrap();
    }

    #[test]
    fn columns_are_compared_in_the_types_of_the_first() {
        let narrow = RecordBatch::try_from_iter([("m", Arc::new(Int32Array::from(vec![7, 8])) as ArrayRef)]).unwrap();
        check_equal(&[batch(&[8, 7])], &[narrow]).unwrap();
    }

    #[test]
    fn a_difference_is_told_with_its_row() {
        let difference =
            |found: &[i64], wanted: &[i64]| check_equal(&[batch(found)], &[batch(wanted)]).unwrap_err().to_string();
        assert!(
            difference(&[1, 2, 2], &[1, 2]).contains("3 rows, 2 wanted; in order the first that differs is (2), and nothing")
        );
        assert!(difference(&[1, 1, 2], &[1, 2, 2]).contains("is (1), and (2) was wanted"));
        assert!(difference(&[], &[4]).contains("is nothing, and (4) was wanted"));
    }
}
