//! The form of the secrets that a person may paste: `{prefix}_{kind}_` + 43 base62 characters that hold 256 random
//! bits + 6 base62 characters of CRC-32 over everything before them.
//!
//! Client and server share this file: the client refuses a mistyped key before it calls anyone, and the server
//! refuses it before it asks the database.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters that hold 32 bytes.
pub const SECRET_LENGTH: usize = 43;
/// Characters that hold a CRC-32.
pub const CHECKSUM_LENGTH: usize = 6;

/// Big-endian base62, left-padded with `0` to `width`.
pub fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(width);
    while number.iter().any(|byte| *byte != 0) {
        let mut remainder = 0u16;
        for byte in &mut number {
            let value = remainder << 8 | u16::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        digits.push(ALPHABET[usize::from(remainder)]);
    }
    while digits.len() < width {
        digits.push(b'0');
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// Reads base62 back into exactly `length` bytes; `None` for a foreign character or a number that does not fit.
pub fn from_base62(text: &str, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0u8; length];
    for character in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == character)?;
        let mut carry = u32::try_from(digit).ok()?;
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = u8::try_from(value & 0xff).ok()?;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

/// The checksum that ends a key: CRC-32 of everything before it, in base62.
pub fn checksum(body: &str) -> String {
    base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_LENGTH)
}

/// Whether the last six characters are the checksum of those before them.
pub fn checksum_holds(key: &str) -> bool {
    let Some(at) = key.len().checked_sub(CHECKSUM_LENGTH) else { return false };
    key.is_char_boundary(at) && checksum(&key[..at]) == key[at..]
}

/// Joins `{prefix}_{kind}_`, a secret and its checksum.
pub fn compose(head: &str, secret: &[u8]) -> String {
    let body = format!("{head}{}", base62(secret, SECRET_LENGTH));
    let checksum = checksum(&body);
    body + &checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_goes_there_and_back() {
        for bytes in [[0u8; 32], [255u8; 32], [7u8; 32]] {
            let text = base62(&bytes, SECRET_LENGTH);
            assert_eq!(text.len(), SECRET_LENGTH);
            assert_eq!(from_base62(&text, 32).as_deref(), Some(&bytes[..]));
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
