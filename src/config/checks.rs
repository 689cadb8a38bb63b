//! Rules between settings.

use super::error::ValueError;
use super::sections::Config;
use super::settings::Settings;

pub(super) fn together(config: &Config, settings: &mut Settings) {
    let Config { keys, tokens, sign_in, .. } = config;
    let rules = [
        (
            tokens.session_max < tokens.session_idle,
            "tokens.session_max",
            "is shorter than tokens.session_idle, so idle sessions would never end early",
            "Make it at least as long as tokens.session_idle.",
        ),
        (
            tokens.refresh_grace >= tokens.access,
            "tokens.refresh_grace",
            "is not shorter than tokens.access, so a stolen refresh token would never be detected",
            "Write a minute or two, or 0s for none.",
        ),
        (
            sign_in.session_max < sign_in.session_idle,
            "sign_in.session_max",
            "is shorter than sign_in.session_idle",
            "Make it at least as long as sign_in.session_idle.",
        ),
        (
            keys.publish_ahead >= keys.rotate_every,
            "keys.publish_ahead",
            "is not shorter than keys.rotate_every, so a key would sign before clients know it",
            "Make it shorter than keys.rotate_every.",
        ),
        (
            keys.keep_after < tokens.access,
            "keys.keep_after",
            "is shorter than tokens.access, so tokens would fail to verify before they expire",
            "Make it longer than tokens.access.",
        ),
    ];
    for (_, key, problem, remedy) in rules.into_iter().filter(|(broken, ..)| *broken) {
        settings.refuse(key, ValueError::new(problem, remedy));
    }
}
