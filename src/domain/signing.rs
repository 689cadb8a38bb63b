//! The life cycle of signing keys.

use super::text_enum::text_enum;

text_enum! {
    /// A key is published before it signs, and stays published until the last token that it signed has expired.
    KeyState {
        Next = "next",
        Active = "active",
        Retired = "retired",
    }
}
