//! All texts that rows share, in one block of memory: a row's text is a view of it and costs no copy.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::buffer::Buffer;

use crate::draw::Draws;

/// Channels with a number of their own, beside the hot ones.
pub(super) const CHANNELS: u64 = 10_000;
/// The channels that half of the bids come from.
pub(super) const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];

/// Bytes of random letters, and of random words, that texts are cut from.
const POOL_BYTES: u64 = 1 << 16;
/// The texts are the same for every seed.
const TEXTS_SEED: u64 = 7;

/// A place in the block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    offset: u32,
    length: u32,
}

/// The block and what lies where.
#[derive(Debug)]
pub(super) struct Texts {
    block: Buffer,
    /// Of the numbered channels, then of the hot ones.
    channels: Vec<Piece>,
    urls: Vec<Piece>,
    letters: u32,
    words: u32,
}

impl Texts {
    pub(super) fn new() -> Self {
        let draws = Draws::new(TEXTS_SEED);
        let mut bytes = Vec::new();
        let letters = bytes.len() as u32;
        bytes.extend((0..POOL_BYTES).map(|at| b'a' + draws.below(at, 0, 26) as u8));
        let words = bytes.len() as u32;
        bytes.extend((0..POOL_BYTES).map(|at| match draws.below(at, 1, 13) {
            0 => b' ',
            _ => b'a' + draws.below(at, 2, 26) as u8,
        }));
        let mut put = |text: &str| {
            let piece = Piece { offset: bytes.len() as u32, length: text.len() as u32 };
            bytes.extend_from_slice(text.as_bytes());
            piece
        };
        let names = (0..CHANNELS).map(|number| format!("channel-{number}"));
        let channels = names.chain(HOT_CHANNELS.map(str::to_owned)).map(|name| put(&name)).collect();
        let count = CHANNELS + HOT_CHANNELS.len() as u64;
        let urls = (0..count).map(|number| put(&url(&draws, number))).collect();
        Self { block: bytes.into(), channels, urls, letters, words }
    }

    /// The name of a channel; the hot ones come after [`CHANNELS`].
    pub(super) fn channel(&self, number: u64) -> Piece {
        self.channels[number as usize]
    }

    pub(super) fn url(&self, number: u64) -> Piece {
        self.urls[number as usize]
    }

    /// `length` letters, chosen by random `bits`.
    pub(super) fn letters(&self, bits: u64, length: u64) -> Piece {
        cut(self.letters, bits, length)
    }

    /// `length` letters with spaces between them, chosen by random `bits`.
    pub(super) fn words(&self, bits: u64, length: u64) -> Piece {
        cut(self.words, bits, length)
    }

    /// The text of a piece.
    pub(super) fn text(&self, piece: Piece) -> &str {
        let bytes = &self.block[piece.offset as usize..][..piece.length as usize];
        std::str::from_utf8(bytes).unwrap_or_else(|_| unreachable!("all pieces are ASCII"))
    }

    /// A column of pieces.
    pub(super) fn column(&self, pieces: impl Iterator<Item = Piece>) -> ArrayRef {
        let mut builder = StringViewBuilder::with_capacity(pieces.size_hint().0);
        let block = builder.append_block(self.block.clone());
        for piece in pieces {
            builder
                .try_append_view(block, piece.offset, piece.length)
                .unwrap_or_else(|cause| unreachable!("all pieces lie in the block: {cause}"));
        }
        Arc::new(builder.finish())
    }
}

fn cut(start: u32, bits: u64, length: u64) -> Piece {
    let room = POOL_BYTES - length.min(POOL_BYTES);
    let offset = ((u128::from(bits) * u128::from(room)) >> 64) as u32;
    Piece { offset: start + offset, length: length.min(POOL_BYTES) as u32 }
}

/// Every channel has one page; nine in ten numbered ones say their number in it, turned round.
fn url(draws: &Draws, number: u64) -> String {
    let part = |lane: u64| {
        let bits = draws.bits(number, lane);
        (0..5).map(|at| char::from(b'a' + (bits >> (at * 8) & 0xff) as u8 % 26)).collect::<String>()
    };
    let page = format!("https://www.nexmark.com/{}/{}/{}/item.htm?query=1", part(3), part(4), part(5));
    if number < CHANNELS && draws.below(number, 6, 10) > 0 {
        format!("{page}&channel_id={}", (number as u32).reverse_bits())
    } else {
        page
    }
}
