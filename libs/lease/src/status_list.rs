//! Status lists: which leases of an issuer were revoked, two bits each.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use serde::{Deserialize, Serialize};

use crate::VerifyError;
use crate::claims::{identifier, integer, time};
use crate::digest::decode;

/// The most entries a list can have: 2^20, which is 256 KiB when inflated. More is refused, so that a small
/// token cannot make a verifier allocate without bound.
pub const MAX_STATUS_ENTRIES: usize = 1 << 20;

const BITS: u8 = 2;
const ENTRIES_PER_BYTE: usize = 4;
const MAX_INFLATED_BYTES: usize = MAX_STATUS_ENTRIES / ENTRIES_PER_BYTE;

/// The state of one lease (draft-ietf-oauth-status-list-20 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// 0, `VALID` in the draft.
    Valid,
    /// 1, `INVALID` in the draft: permanently.
    Revoked,
    /// 2, `SUSPENDED` in the draft: until further notice.
    Suspended,
}

/// The claims of a status list (`statuslist+jwt`, draft-ietf-oauth-status-list-20 §5.1), plus `iss`. All times
/// are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListClaims {
    /// The tenant's issuer URL.
    pub iss: String,
    /// The list's address, the `uri` of the leases that refer to it.
    pub sub: String,
    /// When the list was made.
    pub iat: i64,
    /// When it must not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// After how many seconds it is worth fetching again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// The entries.
    pub status_list: PackedStatuses,
}

/// The entries of a status list as they stand in its claims (draft-ietf-oauth-status-list-20 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedStatuses {
    /// Bits per entry: 2.
    pub bits: u8,
    /// The entries, lowest bits of a byte first, as zlib (RFC 1950), as base64url.
    pub lst: String,
}

impl StatusListClaims {
    /// The rules that types do not express, apart from those for `status_list`.
    pub(crate) fn check(&self) -> Result<(), VerifyError> {
        identifier("iss", &self.iss)?;
        identifier("sub", &self.sub)?;
        time("iat", self.iat)?;
        time("exp", self.exp.unwrap_or(0))?;
        integer("ttl", self.ttl.unwrap_or(0))?;
        crate::claims::consistent("iat ≤ exp", self.exp.is_none_or(|exp| self.iat <= exp))
    }
}

impl PackedStatuses {
    /// Packs `statuses` in the order of their indexes. The last byte is filled up with *valid*, so a list's
    /// length reads back rounded up to a multiple of four.
    #[cfg(feature = "sign")]
    pub fn pack(statuses: &[Status]) -> Self {
        let bytes: Vec<u8> = statuses
            .chunks(ENTRIES_PER_BYTE)
            .map(|entries| {
                entries.iter().rev().fold(0, |byte, status| {
                    let value = match status {
                        Status::Valid => 0,
                        Status::Revoked => 1,
                        Status::Suspended => 2,
                    };
                    byte << BITS | value
                })
            })
            .collect();
        // Best compression, as the draft recommends: a list is signed once and fetched often.
        let level = miniz_oxide::deflate::CompressionLevel::BestCompression as u8;
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&bytes, level);
        Self { bits: BITS, lst: crate::digest::encode(zlib) }
    }

    pub(crate) fn unpack(&self) -> Result<Vec<u8>, VerifyError> {
        let bad = |reason| VerifyError::BadStatusList { reason };
        if self.bits != BITS {
            return Err(bad("bits is not 2"));
        }
        let zlib = decode(&self.lst).ok_or(bad("lst is not strict base64url"))?;
        let mut entries = vec![0; MAX_INFLATED_BYTES];
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) =
            decompress(&mut DecompressorOxide::new(), &zlib, &mut entries, 0, flags);
        match status {
            TINFLStatus::Done if read == zlib.len() => {}
            TINFLStatus::Done => return Err(bad("there is something after the zlib stream")),
            TINFLStatus::HasMoreOutput => return Err(bad("it has more than 2^20 entries")),
            _ => return Err(bad("lst is not a zlib stream")),
        }
        entries.truncate(written);
        Ok(entries)
    }
}

/// A verified status list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    entries: Vec<u8>,
    uri: String,
    iat: i64,
    exp: Option<i64>,
    ttl: Option<u64>,
}

impl StatusList {
    pub(crate) fn from_claims(claims: StatusListClaims) -> Result<Self, VerifyError> {
        let StatusListClaims { iss: _, sub, iat, exp, ttl, status_list } = claims;
        Ok(Self { entries: status_list.unpack()?, uri: sub, iat, exp, ttl })
    }

    /// The status at `index`, which is `status.status_list.idx` of a lease.
    ///
    /// # Errors
    ///
    /// `status_out_of_range` past the end of the list, and `unknown_status` for the value 3.
    pub fn status(&self, index: u64) -> Result<Status, VerifyError> {
        let entry = usize::try_from(index).ok().and_then(|index| {
            let byte = self.entries.get(index / ENTRIES_PER_BYTE)?;
            Some(byte >> (usize::from(BITS) * (index % ENTRIES_PER_BYTE)) & 0b11)
        });
        match entry.ok_or(VerifyError::StatusOutOfRange { index })? {
            0 => Ok(Status::Valid),
            1 => Ok(Status::Revoked),
            2 => Ok(Status::Suspended),
            value => Err(VerifyError::UnknownStatus { index, value }),
        }
    }

    /// How many entries the list has; a multiple of four.
    pub fn capacity(&self) -> usize {
        self.entries.len() * ENTRIES_PER_BYTE
    }

    /// The list's address (`sub`).
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// When the list was made, in Unix seconds.
    pub fn iat(&self) -> i64 {
        self.iat
    }

    /// When it must not be used any more, in Unix seconds.
    pub fn exp(&self) -> Option<i64> {
        self.exp
    }

    /// After how many seconds it is worth fetching again.
    pub fn ttl(&self) -> Option<u64> {
        self.ttl
    }

    /// How old the list is at `now`, in seconds; 0 if it was made within the skew after `now`.
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.iat).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_bit_example_of_the_draft_reads_as_it_says() {
        let packed = PackedStatuses { bits: 2, lst: "eNo76fITAAPfAgc".to_owned() };
        let entries = packed.unpack().unwrap();
        assert_eq!(entries, [0xc9, 0x44, 0xf9]);
        let list = StatusList { entries, uri: String::new(), iat: 0, exp: None, ttl: None };
        let expected = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
        for (index, value) in (0..).zip(expected) {
            let status = list.status(index);
            match value {
                0 => assert_eq!(status, Ok(Status::Valid)),
                1 => assert_eq!(status, Ok(Status::Revoked)),
                2 => assert_eq!(status, Ok(Status::Suspended)),
                value => assert_eq!(status, Err(VerifyError::UnknownStatus { index, value })),
            }
        }
        for index in [12, 13, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(list.status(index), Err(VerifyError::StatusOutOfRange { index }));
        }
    }

    #[cfg(feature = "sign")]
    #[test]
    fn a_list_of_the_largest_size_unpacks_and_one_more_does_not() {
        let full = PackedStatuses::pack(&vec![Status::Suspended; MAX_STATUS_ENTRIES]);
        assert_eq!(full.unpack().unwrap(), vec![0b1010_1010; MAX_INFLATED_BYTES]);
        let over = PackedStatuses::pack(&vec![Status::Suspended; MAX_STATUS_ENTRIES + 1]);
        assert_eq!(over.unpack().unwrap_err().code(), "bad_status_list");
    }

    #[cfg(feature = "sign")]
    #[test]
    fn an_empty_list_has_no_entries() {
        assert_eq!(PackedStatuses::pack(&[]).unpack().unwrap(), [0; 0]);
    }
}
