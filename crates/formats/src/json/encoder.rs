//! Batches to lines.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type, Schema};
use levada_base::{Error, Result, WriteFile};
use levada_connect::Encoder;

use super::cells::Node;
use crate::output::Output;
use crate::value::print::{Print, Style, printer};

/// Writes one file of JSON lines.
pub(super) struct JsonEncoder {
    output: Output,
    /// Each column's name as a JSON string with its colon.
    names: Vec<Vec<u8>>,
}

impl JsonEncoder {
    pub(super) fn new(file: Box<dyn WriteFile>, schema: &Schema) -> Result<Self> {
        for field in schema.fields() {
            // What can't be read back is not written either.
            Node::new(field)?;
        }
        Ok(Self { output: Output::new(file), names: schema.fields().iter().map(name).collect() })
    }
}

impl Encoder for JsonEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let columns = rows.columns().iter().map(|column| value(&**column)).collect::<Result<Vec<_>>>()?;
        for row in 0..rows.num_rows() {
            object(&self.names, &columns, row, &mut self.output.buffer);
            self.output.buffer.push(b'\n');
            self.output.end_row()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.output.finish()
    }
}

fn name(field: &FieldRef) -> Vec<u8> {
    let mut out = Vec::new();
    string(field.name(), &mut out);
    out.push(b':');
    out
}

fn object(names: &[Vec<u8>], values: &[Print<'_>], row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (name, value)) in names.iter().zip(values).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        value(row, out);
    }
    out.push(b'}');
}

/// What writes the values of a column, NULLs as `null`.
fn value(array: &dyn Array) -> Result<Print<'_>> {
    let present = present(array)?;
    if array.null_count() == 0 {
        return Ok(present);
    }
    Ok(Box::new(move |row, out| if array.is_null(row) { out.extend_from_slice(b"null") } else { present(row, out) }))
}

fn present(array: &dyn Array) -> Result<Print<'_>> {
    match array.data_type() {
        DataType::Struct(fields) => {
            let names: Vec<_> = fields.iter().map(name).collect();
            let parts = array.as_struct().columns().iter().map(|part| value(&**part)).collect::<Result<Vec<_>>>()?;
            Ok(Box::new(move |row, out| object(&names, &parts, row, out)))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let item = value(&**list.values())?;
            Ok(Box::new(move |row, out| {
                out.push(b'[');
                let (start, end) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
                for at in start..end {
                    if at > start {
                        out.push(b',');
                    }
                    item(at, out);
                }
                out.push(b']');
            }))
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            Ok(Box::new(move |row, out| string(texts.value(row), out)))
        }
        _ => leaf(array),
    }
}

fn leaf(array: &dyn Array) -> Result<Print<'_>> {
    let print = printer(array, Style::Iso)
        .ok_or_else(|| Error::internal(format!("json was given a column of type {}", array.data_type())))?;
    Ok(match array.data_type() {
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(move |row, out| bare_if(values.value(row).is_finite(), &print, row, out))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(move |row, out| bare_if(values.value(row).is_finite(), &print, row, out))
        }
        DataType::Boolean => print,
        other if other.is_numeric() => print,
        _ => Box::new(move |row, out| bare_if(false, &print, row, out)),
    })
}

/// A value without quotes, or within them. Bytes begin with a backslash, which a JSON string escapes.
fn bare_if(bare: bool, print: &Print<'_>, row: usize, out: &mut Vec<u8>) {
    if bare {
        return print(row, out);
    }
    out.push(b'"');
    let start = out.len();
    print(row, out);
    if out.get(start) == Some(&b'\\') {
        out.insert(start, b'\\');
    }
    out.push(b'"');
}

/// Appends a JSON string.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => write!(out, "\\u{control:04x}").unwrap_or_else(|_| unreachable!("a Vec takes every byte")),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
