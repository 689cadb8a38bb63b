//! Strict parsing of form parameters.
//!
//! RFC 6749 sections 3.1 and 3.2: a parameter without a value counts as absent, an unknown one is ignored, and none may
//! be repeated, except `resource` (RFC 8707).

use std::fmt;

/// Parameters of an OAuth request at most.
const MAX_PARAMETERS: usize = 64;
/// Fields of a page's form at most. The largest has one field per scope of the catalog.
const MAX_FIELDS: usize = 512;
const REPEATABLE: &str = "resource";

/// Parameters by name. Values may be secret, so `Debug` prints only names.
#[derive(Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Why a form or query is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    #[error("it is not well-formed application/x-www-form-urlencoded text in UTF-8")]
    Malformed,
    #[error("it has too many parameters")]
    TooMany,
    #[error("a parameter is repeated")]
    Repeated,
}

impl Parameters {
    /// Parses `application/x-www-form-urlencoded`.
    pub fn parse(text: &[u8]) -> Result<Self, ParametersError> {
        Self::at_most(MAX_PARAMETERS, text)
    }

    /// Like [`Parameters::parse`], for the form of a page, which may have more fields.
    pub fn parse_fields(text: &[u8]) -> Result<Self, ParametersError> {
        Self::at_most(MAX_FIELDS, text)
    }

    fn at_most(most: usize, text: &[u8]) -> Result<Self, ParametersError> {
        let mut parameters = Self::default();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.0.len() == most {
                return Err(ParametersError::TooMany);
            }
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..at]).ok_or(ParametersError::Malformed)?;
            let value = decode(pair.get(at + 1..).unwrap_or_default()).ok_or(ParametersError::Malformed)?;
            if name != REPEATABLE && parameters.0.iter().any(|(known, _)| *known == name) {
                return Err(ParametersError::Repeated);
            }
            parameters.0.push((name, value));
        }
        Ok(parameters)
    }

    /// The value of a parameter; `None` if it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a repeatable parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        values.map(|(_, value)| value.clone()).collect()
    }

    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Decodes a name or value. `None` for an invalid escape, for invalid UTF-8, and for NUL, which PostgreSQL text cannot
/// contain.
pub fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => 16 * hexadecimal(*rest.next()?)? + hexadecimal(*rest.next()?)?,
            other => *other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters, ParametersError> {
        Parameters::parse(text.as_bytes())
    }

    #[test]
    fn a_form_is_parsed_and_empty_counts_as_absent() {
        let form = parse("a=1&b=x+y%26%C3%A4&c=&&d").unwrap();
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.get("b"), Some("x y&ä"));
        assert_eq!(form.get("c"), None);
        assert_eq!(form.get("d"), None);
        assert_eq!(form.get("e"), None);
    }

    #[test]
    fn te_04_a_repeated_parameter_is_refused() {
        for text in ["code=1&code=2", "code=1&code=1", "code=&code=1", "c%6fde=1&code=2"] {
            assert_eq!(parse(text).unwrap_err(), ParametersError::Repeated, "{text}");
        }
    }

    #[test]
    fn only_resource_may_be_repeated() {
        assert_eq!(parse("resource=a&resource=b&resource=").unwrap().all("resource"), ["a", "b"]);
    }

    #[test]
    fn ht_08_broken_encodings_and_floods_are_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%c0%af", "a=%ed%a0%80", "a=%00", "%ff=a"] {
            assert_eq!(parse(text).unwrap_err(), ParametersError::Malformed, "{text}");
        }
        assert_eq!(Parameters::parse(b"a=\xff").unwrap_err(), ParametersError::Malformed);
        let flood: Vec<String> = (0..10_000).map(|n| format!("p{n}=1")).collect();
        assert_eq!(parse(&flood.join("&")).unwrap_err(), ParametersError::TooMany);
        assert_eq!(parse(&flood[..=MAX_PARAMETERS].join("&")).unwrap_err(), ParametersError::TooMany);
        assert!(Parameters::parse_fields(flood[..MAX_FIELDS].join("&").as_bytes()).is_ok());
        let fields = Parameters::parse_fields(flood.join("&").as_bytes());
        assert_eq!(fields.unwrap_err(), ParametersError::TooMany);
    }

    #[test]
    fn values_do_not_print() {
        assert_eq!(format!("{:?}", parse("code=secret").unwrap()), r#"{"code"}"#);
    }
}
