//! Credentials: three kinds with one life cycle.

use chrono::TimeDelta;

use super::id::IdKind;
use super::text_enum::text_enum;
use super::time::Time;
use super::timekeeper::ADOPT_AFTER;

text_enum! {
    CredentialKind {
        /// Created by a sign-in; has a rotating refresh token.
        CliSession = "cli_session",
        /// Created by a user for their own programs; has a static secret.
        PersonalToken = "personal_token",
        /// Owned by an organization; has a static secret.
        ApiKey = "api_key",
    }
}

impl CredentialKind {
    /// The kind of a credential, from the prefix of its id.
    pub fn of(id: &str) -> Option<Self> {
        let kinds = [
            (IdKind::CliSession, Self::CliSession),
            (IdKind::PersonalToken, Self::PersonalToken),
            (IdKind::ApiKey, Self::ApiKey),
        ];
        kinds.into_iter().find(|(named, _)| id.starts_with(named.prefix())).map(|(_, kind)| kind)
    }

    /// Whether the organization's `personal_tokens` setting controls it.
    pub fn is_personal(self) -> bool {
        match self {
            Self::CliSession | Self::PersonalToken => true,
            Self::ApiKey => false,
        }
    }
}

text_enum! {
    /// Why a credential was ended before its time.
    EndReason {
        SignedOut = "signed_out",
        RevokedByAdmin = "revoked_by_admin",
        RefreshReuse = "refresh_reuse",
        CodeReuse = "code_reuse",
        ClientRemoved = "client_removed",
        SignedOutByTool = "signed_out_by_tool",
        Revoked = "revoked",
        /// Rotated without an overlap.
        Replaced = "replaced",
        /// Its secret was found in a public place.
        Leaked = "leaked",
        /// A genuine refresh token was of a generation that the database does not know.
        Ahead = "ahead",
        /// Its owner left the organization or was removed from it.
        MembershipEnded = "membership_ended",
        OrganizationDeleted = "organization_deleted",
    }
}

/// Whether a credential has neither expired nor been revoked. `None` among `ends` means no such end.
pub fn is_active(revoked_at: Option<Time>, ends: &[Option<Time>], now: Time) -> bool {
    revoked_at.is_none() && ends.iter().flatten().all(|end| now < *end)
}

/// Classification of a refresh token by its generation, in a session that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationStatus {
    /// The current generation: rotate.
    Current,
    /// The previous generation, within the grace period: answer with the same successor again.
    Replayed,
    /// The previous generation, with a rotation time further in the future than the grace period. The clock is wrong, so
    /// this is neither replay nor reuse.
    Undated,
    /// Like [`Undated`](Self::Undated), but so far in the future that the clock was wrong at the rotation and has been
    /// corrected since. Waiting would not help.
    Misdated,
    /// An older generation: a sign that the token was copied.
    Reused,
    /// A generation that the database does not know. Only this deployment can have issued it, so the database was reset
    /// to an older state.
    Ahead,
}

/// Classifies a refresh token by its generation. With a `grace` of zero, the previous generation is reuse too.
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
                // A request that started slightly earlier sees a rotation in the future, by up to the grace period.
                // Beyond that it is unknown whether the period is over: the clock is wrong, not the token.
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
    fn rt_02_a_request_that_waited_for_the_rotation_gets_the_same_successor() {
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
