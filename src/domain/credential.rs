//! Credentials: what lets a program act. One life cycle, three kinds.

use chrono::TimeDelta;

use super::id::IdKind;
use super::text_enum::text_enum;
use super::time::Time;
use super::timekeeper::ADOPT_AFTER;

text_enum! {
    CredentialKind {
        /// Made by one sign-in in a browser; holds the rotating refresh token.
        CliSession = "cli_session",
        /// Made by a person for a program of their own; a static secret.
        PersonalToken = "personal_token",
        /// Owned by an organization.
        ApiKey = "api_key",
    }
}

impl CredentialKind {
    /// The kind of the credential that this is the id of.
    pub fn of(id: &str) -> Option<Self> {
        let kinds = [
            (IdKind::CliSession, Self::CliSession),
            (IdKind::PersonalToken, Self::PersonalToken),
            (IdKind::ApiKey, Self::ApiKey),
        ];
        kinds.into_iter().find(|(named, _)| id.starts_with(named.prefix())).map(|(_, kind)| kind)
    }

    /// Whether the organization's switch for personal tokens governs it.
    pub fn is_personal(self) -> bool {
        match self {
            Self::CliSession | Self::PersonalToken => true,
            Self::ApiKey => false,
        }
    }
}

text_enum! {
    /// Why a credential no longer works.
    EndReason {
        SignedOut = "signed_out",
        RevokedByAdmin = "revoked_by_admin",
        RefreshReuse = "refresh_reuse",
        CodeReuse = "code_reuse",
        ClientRemoved = "client_removed",
        SignedOutByTool = "signed_out_by_tool",
        Revoked = "revoked",
        /// A rotation that left it no time.
        Replaced = "replaced",
        /// Its secret was found where it should not be.
        Leaked = "leaked",
        /// A genuine refresh token was ahead of the database.
        Ahead = "ahead",
    }
}

/// Whether a credential with these ends has neither run out nor been revoked. `None` is no end.
pub fn is_active(revoked_at: Option<Time>, ends: &[Option<Time>], now: Time) -> bool {
    revoked_at.is_none() && ends.iter().flatten().all(|end| now < *end)
}

/// What the generation in a refresh token says about it, for a session that still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationStatus {
    /// The current refresh token: it rotates.
    Current,
    /// The one before, so soon after the rotation that the answer may have been lost: the same successor again.
    Replayed,
    /// The previous generation, rotated further in the future than the grace: the clock is wrong, so this is neither
    /// replay nor reuse.
    Undated,
    /// The same, rotated so far in the future that a clock which was wrong then has been corrected since: to wait for that
    /// time helps nobody.
    Misdated,
    /// An old one: somebody has a copy.
    Reused,
    /// One that this database has not seen. Only this deployment can have made it, so the database went back in time.
    Ahead,
}

/// Judges a refresh token by its generation. `grace` zero means that even the previous one is reuse.
pub fn generation_status(
    presented: i64,
    current: i64,
    rotated_at: Option<Time>,
    now: Time,
    grace: TimeDelta,
) -> GenerationStatus {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match presented.cmp(&current) {
        Equal => GenerationStatus::Current,
        Greater => GenerationStatus::Ahead,
        Less => {
            if presented != current - 1 || grace.is_zero() {
                return GenerationStatus::Reused;
            }
            match rotated_at.map(|at| now - at) {
                Some(age) if age <= -grace.max(ADOPT_AFTER) => GenerationStatus::Misdated,
                // A request that came a moment earlier sees a rotation in the future, as far as the grace reaches. From
                // further away it cannot be told whether the grace is over: the clock is wrong, not the token.
                Some(age) if age <= -grace => GenerationStatus::Undated,
                Some(age) if age < grace => GenerationStatus::Replayed,
                Some(_) | None => GenerationStatus::Reused,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn rt_03_04_the_previous_token_is_a_replay_only_inside_the_grace_and_only_until_the_next_rotation() {
        let grace = TimeDelta::seconds(60);
        let judge = |presented, now| generation_status(presented, 7, Some(at(1000)), at(now), grace);
        assert_eq!(judge(7, 5000), GenerationStatus::Current);
        assert_eq!(judge(6, 1000), GenerationStatus::Replayed);
        assert_eq!(judge(6, 1059), GenerationStatus::Replayed);
        assert_eq!(judge(6, 1060), GenerationStatus::Reused);
        assert_eq!(judge(5, 1001), GenerationStatus::Reused);
        assert_eq!(judge(8, 1001), GenerationStatus::Ahead);
    }

    #[test]
    fn rt_05_without_a_grace_the_previous_token_is_reuse_at_once() {
        assert_eq!(
            generation_status(6, 7, Some(at(1000)), at(1000), TimeDelta::zero()),
            GenerationStatus::Reused
        );
    }

    #[test]
    fn rt_02_whoever_asked_before_the_rotation_and_waited_for_it_gets_the_same_successor() {
        assert_eq!(
            generation_status(6, 7, Some(at(1000)), at(999), TimeDelta::seconds(60)),
            GenerationStatus::Replayed
        );
    }

    #[test]
    fn rt_16_cc_06_under_a_clock_set_back_the_previous_token_is_neither_answered_nor_reuse() {
        for (rotated, expected) in [
            (1059, GenerationStatus::Replayed),
            (1060, GenerationStatus::Undated),
            (1599, GenerationStatus::Undated),
            (1600, GenerationStatus::Misdated),
            (9000, GenerationStatus::Misdated),
        ] {
            assert_eq!(
                generation_status(6, 7, Some(at(rotated)), at(1000), TimeDelta::seconds(60)),
                expected,
                "{rotated}"
            );
        }
        let long = TimeDelta::minutes(20);
        assert_eq!(generation_status(6, 7, Some(at(1700)), at(1000), long), GenerationStatus::Replayed);
        assert_eq!(
            generation_status(5, 7, Some(at(9000)), at(1000), TimeDelta::seconds(60)),
            GenerationStatus::Reused
        );
    }
}
