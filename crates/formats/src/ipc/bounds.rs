//! Looks through the messages of a file before any is read: a damaged length must not reserve memory that the file can't fill, nor
//! point outside its message. The reader trusts both.

use std::io::{Read, Seek, SeekFrom};

use arrow::error::ArrowError;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{MessageHeader, RecordBatch, root_as_footer, root_as_message};

use super::decoder::FILE_MAGIC;

/// Bytes after the footer: its length and the magic.
const TRAILER_BYTES: u64 = 10;
const CONTINUATION: [u8; 4] = [0xff; 4];

/// A place in the file.
struct Block {
    offset: u64,
    metadata: u64,
    body: u64,
}

/// Checks every message of the file layout.
pub(super) fn check_file(file: &mut (impl Read + Seek)) -> Result<(), ArrowError> {
    let length = file.seek(SeekFrom::End(0))?;
    let trailer_at = length.checked_sub(TRAILER_BYTES).ok_or_else(|| outside("the footer"))?;
    let trailer = read_at(file, length, trailer_at, TRAILER_BYTES)?;
    let trailer: [u8; TRAILER_BYTES as usize] = trailer.try_into().map_err(|_| outside("the footer"))?;
    let footer_bytes = read_footer_length(trailer)? as u64;
    let footer_at = trailer_at.checked_sub(footer_bytes).ok_or_else(|| outside("the footer"))?;
    let footer = read_at(file, length, footer_at, footer_bytes)?;
    let footer = root_as_footer(&footer).map_err(|cause| ArrowError::ParseError(format!("footer: {cause}")))?;
    let lists = [footer.recordBatches(), footer.dictionaries()];
    for block in lists.iter().flatten().flat_map(|blocks| blocks.iter()) {
        let number = |value: i64| u64::try_from(value).map_err(|_| outside("a message"));
        let block = Block {
            offset: number(block.offset())?,
            metadata: number(block.metaDataLength().into())?,
            body: number(block.bodyLength())?,
        };
        check_block(file, length, &block)?;
    }
    Ok(())
}

fn check_block(file: &mut (impl Read + Seek), length: u64, block: &Block) -> Result<(), ArrowError> {
    let metadata = read_at(file, length, block.offset, block.metadata)?;
    let end = block.offset.saturating_add(block.metadata).saturating_add(block.body);
    if end > length {
        return Err(outside("a message"));
    }
    let prefix = if metadata.starts_with(&CONTINUATION) { 8 } else { 4 };
    check_message(metadata.get(prefix..).ok_or_else(|| outside("a message"))?, block.body).map(drop)
}

/// Checks every message of the stream layout; a stream that is cut off between two messages is whole.
pub(super) fn check_stream(file: &mut (impl Read + Seek)) -> Result<(), ArrowError> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut at = 0;
    while let Some((prefix, metadata)) = next_length(file, length, at)? {
        let metadata_at = at + prefix;
        let body = check_message(&read_at(file, length, metadata_at, metadata)?, u64::MAX)?;
        let end = (metadata_at + metadata).checked_add(body).filter(|end| *end <= length);
        at = end.ok_or_else(|| outside("a message"))?;
    }
    Ok(())
}

/// The length of the metadata at `at`, and the bytes that say so; `None` at the end of the stream.
fn next_length(file: &mut (impl Read + Seek), length: u64, at: u64) -> Result<Option<(u64, u64)>, ArrowError> {
    if length - at < 4 {
        return Ok(None);
    }
    let mut bytes = read_at(file, length, at, 4)?;
    let mut prefix = 4;
    if bytes == CONTINUATION {
        bytes = read_at(file, length, at + 4, 4)?;
        prefix = 8;
    }
    let bytes: [u8; 4] = bytes.try_into().map_err(|_| outside("a message"))?;
    let metadata = u64::try_from(i32::from_le_bytes(bytes)).map_err(|_| outside("a message"))?;
    Ok((metadata > 0).then_some((prefix, metadata)))
}

/// Checks one message's metadata; gives the length of its body, which may be `body_max` at most.
fn check_message(metadata: &[u8], body_max: u64) -> Result<u64, ArrowError> {
    let message = root_as_message(metadata).map_err(|cause| ArrowError::ParseError(format!("message: {cause}")))?;
    let body = u64::try_from(message.bodyLength()).ok().filter(|body| *body <= body_max).ok_or_else(|| outside("a message"))?;
    match message.header_type() {
        MessageHeader::RecordBatch => {
            let batch = message.header_as_record_batch().ok_or_else(|| outside("a message"))?;
            check_buffers(batch, body)?;
        }
        MessageHeader::DictionaryBatch => {
            let dictionary = message.header_as_dictionary_batch().ok_or_else(|| outside("a message"))?;
            check_buffers(dictionary.data().ok_or_else(|| outside("a dictionary"))?, body)?;
        }
        _ => {}
    }
    Ok(body)
}

fn check_buffers(batch: RecordBatch<'_>, body: u64) -> Result<(), ArrowError> {
    for buffer in batch.buffers().iter().flatten() {
        let (offset, length) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length()));
        let end = offset.ok().zip(length.ok()).and_then(|(offset, length)| offset.checked_add(length));
        if end.is_none_or(|end| end > body) {
            return Err(outside("a buffer"));
        }
    }
    let counts = |node: &arrow::ipc::FieldNode| node.length() >= 0 && (0..=node.length()).contains(&node.null_count());
    if batch.length() < 0 || batch.nodes().iter().flatten().any(|node| !counts(node)) {
        return Err(outside("a column"));
    }
    Ok(())
}

fn read_at(file: &mut (impl Read + Seek), length: u64, at: u64, count: u64) -> Result<Vec<u8>, ArrowError> {
    if at.checked_add(count).is_none_or(|end| end > length) {
        return Err(outside("a message"));
    }
    let mut bytes = vec![0; count as usize];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn outside(what: &str) -> ArrowError {
    ArrowError::ParseError(format!("{what} reaches beyond its place"))
}

/// Whether the file layout's magic stands at the front.
pub(super) fn is_file(file: &mut (impl Read + Seek)) -> Result<bool, ArrowError> {
    let mut magic = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(FILE_MAGIC.len() as u64).read_to_end(&mut magic)?;
    Ok(magic == FILE_MAGIC)
}
