#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

/// The base62 digits in the order of their values.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Number of base62 characters of a secret, which has 32 bytes.
pub const SECRET_LENGTH: usize = 43;
/// Number of base62 characters of a checksum, which has 4 bytes.
pub const CHECKSUM_LENGTH: usize = 6;

/// Number of base62 digits that are converted at once: the most whose value fits into 32 bits.
const GROUP: usize = 5;
const GROUP_SIZE: u64 = 62_u64.pow(5);

/// Encodes a big-endian number as base62, padded with `0` on the left to at least `width` characters.
///
/// ```
/// assert_eq!(keystile_key_format::base62(&[0, 62], 4), "0010");
/// ```
pub fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = words(bytes);
    let mut digits = Vec::with_capacity(width + GROUP);
    while number.iter().any(|word| *word != 0) {
        let mut group = 0;
        for word in &mut number {
            let value = group << 32 | *word;
            *word = value / GROUP_SIZE;
            group = value % GROUP_SIZE;
        }
        for _ in 0..GROUP {
            digits.push(ALPHABET[usize::try_from(group % 62).unwrap_or_default()]);
            group /= 62;
        }
    }
    // The last group may have added leading zeros.
    while digits.len() > width && digits.last() == Some(&b'0') {
        digits.pop();
    }
    digits.resize(digits.len().max(width), b'0');
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// Decodes base62 into exactly `length` bytes, big-endian. `None` if a character is not a base62 digit or the number does
/// not fit.
///
/// ```
/// assert_eq!(keystile_key_format::from_base62("0010", 2), Some(vec![0, 62]));
/// assert_eq!(keystile_key_format::from_base62("0010", 0), None);
/// ```
pub fn from_base62(text: &str, length: usize) -> Option<Vec<u8>> {
    let mut number = vec![0_u64; length.div_ceil(4)];
    for group in text.as_bytes().chunks(GROUP) {
        let (mut carry, mut size) = (0, 1);
        for character in group {
            carry = carry * 62 + digit(*character)?;
            size *= 62;
        }
        for word in number.iter_mut().rev() {
            let value = *word * size + carry;
            *word = value & u64::from(u32::MAX);
            carry = value >> 32;
        }
        if carry != 0 {
            return None;
        }
    }
    let bytes: Vec<u8> = number.iter().flat_map(|word| word.to_be_bytes()[4..].to_vec()).collect();
    let (beyond, bytes) = bytes.split_at(bytes.len() - length);
    beyond.iter().all(|byte| *byte == 0).then(|| bytes.to_vec())
}

/// Splits a big-endian number into 32-bit words, the most significant first.
fn words(bytes: &[u8]) -> Vec<u64> {
    let mut words: Vec<u64> = bytes
        .rchunks(4)
        .map(|word| word.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
        .collect();
    words.reverse();
    words
}

fn digit(character: u8) -> Option<u64> {
    Some(u64::from(match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'Z' => character - b'A' + 10,
        b'a'..=b'z' => character - b'a' + 36,
        _ => return None,
    }))
}

/// The checksum at the end of a key: the CRC-32 (ISO-HDLC, as in zlib) of everything before it, as [`CHECKSUM_LENGTH`]
/// base62 characters.
pub fn checksum(body: &str) -> String {
    base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_LENGTH)
}

/// Whether the last [`CHECKSUM_LENGTH`] characters are the checksum of everything before them.
pub fn checksum_holds(key: &str) -> bool {
    let Some(at) = key.len().checked_sub(CHECKSUM_LENGTH) else { return false };
    key.is_char_boundary(at) && checksum(&key[..at]) == key[at..]
}

/// Builds a key from a prefix, for example `acme_live_`, and a secret.
pub fn compose(prefix: &str, secret: &[u8; 32]) -> String {
    let body = format!("{prefix}{}", base62(secret, SECRET_LENGTH));
    let checksum = checksum(&body);
    body + &checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_is_decoded_to_the_same_bytes() {
        for bytes in [[0u8; 32], [255u8; 32], [7u8; 32]] {
            let text = base62(&bytes, SECRET_LENGTH);
            assert_eq!(text.len(), SECRET_LENGTH);
            assert_eq!(from_base62(&text, 32).as_deref(), Some(&bytes[..]));
        }
    }

    #[test]
    fn base62_equals_division_digit_by_digit() {
        let byte_by_byte = |bytes: &[u8], width: usize| {
            let mut number = bytes.to_vec();
            let mut digits = vec![b'0'; width];
            for digit in digits.iter_mut().rev() {
                let mut remainder = 0;
                for byte in &mut number {
                    let value = remainder << 8 | usize::from(*byte);
                    *byte = u8::try_from(value / 62).unwrap();
                    remainder = value % 62;
                }
                *digit = ALPHABET[remainder];
            }
            String::from_utf8(digits).unwrap()
        };
        for length in 1..60_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(151).wrapping_add(length)).collect();
            let width = usize::from(length) * 11 / 8 + 1;
            let text = base62(&bytes, width);
            assert_eq!(text, byte_by_byte(&bytes, width));
            assert_eq!(from_base62(&text, bytes.len()), Some(bytes));
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(from_base62(&"z".repeat(SECRET_LENGTH), 32), None);
        assert_eq!(from_base62("-", 32), None);
    }

    #[test]
    fn a_changed_character_breaks_the_checksum() {
        let key = compose("keystile_live_", &[42; 32]);
        assert!(checksum_holds(&key));
        for at in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            assert!(!checksum_holds(&String::from_utf8(bytes).unwrap()), "position {at}");
        }
    }
}
