//! Handles as bytes: for workers that keep or send them. Opaque to everybody else.
//!
//! Layout: version, store, execution, fence, attempt number (all big-endian), and the first four bytes of the SHA-256 of what precedes,
//! so that damage is seen. It is no signature: a fence is checked by the store.

use levada_base::{Error, codes};
use levada_store::{ExecutionId, Token};
use sha2::{Digest, Sha256};

use super::Handle;

const VERSION: u8 = 1;
const BODY: usize = 1 + 16 + 16 + 8 + 4;
/// The length of a handle as bytes.
pub const HANDLE_BYTES: usize = BODY + 4;

impl Handle {
    /// The handle as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HANDLE_BYTES] {
        let mut bytes = [0; HANDLE_BYTES];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(&self.store.0.to_be_bytes());
        bytes[17..33].copy_from_slice(&self.execution.0.to_be_bytes());
        bytes[33..41].copy_from_slice(&self.fence.to_be_bytes());
        bytes[41..45].copy_from_slice(&self.attempt_no.to_be_bytes());
        let check = check_of(&bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&check);
        bytes
    }

    /// The handle back from its bytes.
    ///
    /// # Errors
    /// `LV-T001` if they are no handle or are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; HANDLE_BYTES] = bytes.try_into().map_err(|_| damaged(bytes.len()))?;
        if bytes[0] != VERSION || bytes[BODY..] != check_of(&bytes[..BODY]) {
            return Err(damaged(bytes.len()));
        }
        Ok(Self {
            store: Token(u128::from_be_bytes(field(bytes, 1))),
            execution: ExecutionId(u128::from_be_bytes(field(bytes, 17))),
            fence: i64::from_be_bytes(field(bytes, 33)),
            attempt_no: i32::from_be_bytes(field(bytes, 41)),
        })
    }
}

fn field<const N: usize>(bytes: &[u8; HANDLE_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

fn check_of(body: &[u8]) -> [u8; 4] {
    let hash = Sha256::digest(body);
    [hash[0], hash[1], hash[2], hash[3]]
}

fn damaged(length: usize) -> Error {
    Error::new(codes::LV_T001, format!("handle: {length} bytes is not a handle of this version"))
        .with_hint("pass the bytes of the claim unchanged")
        .with_detail("field", "handle")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: Handle = Handle { execution: ExecutionId(7 << 90), fence: 3, attempt_no: 2, store: Token(9 << 100) };

    #[test]
    fn t_056_a_handle_comes_back_from_its_bytes() {
        assert_eq!(Handle::from_bytes(&HANDLE.to_bytes()).ok(), Some(HANDLE));
    }

    #[test]
    fn t_056_every_damaged_byte_is_seen() {
        let bytes = HANDLE.to_bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[at] ^= 1;
            assert_eq!(Handle::from_bytes(&damaged).map_err(|error| error.code()), Err(codes::LV_T001), "byte {at}");
        }
        assert!(Handle::from_bytes(&bytes[1..]).is_err());
        assert!(Handle::from_bytes(&[]).is_err());
    }
}
