//! The life of a signing key.

use super::text_enum::text_enum;

text_enum! {
    /// A key is published before it signs, and stays published until the last token it signed has ended.
    KeyState {
        Next = "next",
        Active = "active",
        Retired = "retired",
    }
}
