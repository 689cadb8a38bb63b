//! `section!`: everything about a configuration key in one entry.

/// Declares a section of the configuration as a struct with a field for each key:
///
/// ```text
/// /// Lifetimes of tokens.
/// #[derive(Debug, Clone)]
/// pub struct Tokens = [tokens] {
///     /// What the key means, for config/example.toml and docs/configuration.md.
///     ///
///     /// Further paragraphs are only for docs/configuration.md.
///     access: TimeDelta = "8h", duration;
///     max_devices: u32 = 10, 1..=100, env "KEYSTILE_MAX_DEVICES";
/// }
/// ```
///
/// After the type come the default; the check, which is a function that returns `Parsed<Type>`, and so the error and its
/// remedy, or the range of a whole number; and, for a few keys, a short environment variable.
///
/// The struct gets two functions: `section` describes the keys, and `read` reads every field.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        #[derive($($derive:ident),*)]
        $visibility:vis struct $struct:ident = [$section:ident] {
            $(
                $(#[doc = $line:literal])*
                $key:ident: $type:ty = $default:expr, $check:expr $(, env $short_name:literal)?;
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive($($derive),*)]
        $visibility struct $struct {
            $($(#[doc = $line])* $visibility $key: $type,)*
        }

        impl $struct {
            pub(in crate::config) fn section() -> $crate::config::key::Section {
                $crate::config::key::Section {
                    name: stringify!($section),
                    keys: vec![$(
                        $crate::config::key::Key {
                            name: stringify!($key),
                            default: $crate::config::document::Value::from($default),
                            short_name: None$(.or(Some($short_name)))?,
                            #[cfg(test)]
                            about: &[$($line),*],
                            #[cfg(test)]
                            range: $crate::config::values::Check::<$type>::range(&$check),
                        },
                    )*],
                    #[cfg(test)]
                    about: &[$($about),*],
                }
            }

            pub(in crate::config) fn read(settings: &mut $crate::config::settings::Settings) -> Self {
                Self {
                    $($key: settings.read(concat!(stringify!($section), ".", stringify!($key)), &$check),)*
                }
            }
        }
    };
}

pub(super) use section;
