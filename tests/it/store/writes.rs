//! Writes are atomic, and answered after the commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use keystiled::domain::oauth_error::OAuthError;
use keystiled::domain::time::Time;
use keystiled::store::users::{self, User};
use keystiled::store::{StoreError, TxError, Work, deployment_settings, memberships};

use crate::support::at_once::at_once;
use crate::support::both_engines;

fn user(id: &str, email: &str, at: Time) -> User {
    User {
        id: id.to_owned(),
        email: email.to_owned(),
        name: "Ada".to_owned(),
        password_hash: None,
        password_changed_at: None,
        created_at: at,
        disabled_at: None,
        devices_forgotten_at: None,
    }
}

fn insert(work: &mut Work<'_>, id: &str, email: &str) -> Result<(), StoreError> {
    users::insert(work.conn, &user(id, email, work.now))
}

fn refused() -> Result<(), OAuthError> {
    Err(OAuthError::invalid_grant("on purpose"))
}

fn failed() -> Result<(), StoreError> {
    Err(StoreError::Failed("on purpose".to_owned()))
}

both_engines! {
    async fn an_answered_write_is_committed_and_visible_to_all_readers(app) {
        let store = &app.inside().store;
        at_once(16, async |number| {
            let (id, email) = (format!("usr_{number}"), format!("{number}@example.com"));
            let written = id.clone();
            store.write(move |work| insert(work, &written, &email)).await.unwrap();
            assert!(store.read(move |conn| users::find(conn, &id)).await.unwrap().is_some());
        });
        assert_eq!(app.count("users").await, 16);
    }

    async fn a_hash_is_renewed_only_where_the_password_is_still_the_one_that_was_checked(app) {
        let hashes = app.inside().store.write(|work| {
            users::insert(work.conn, &User { password_hash: Some("new".to_owned()), ..user("usr_1", "1@example.com", work.now) })?;
            let mut hashes = Vec::new();
            for old in ["old", "new"] {
                users::renew_hash(work.conn, "usr_1", old, "renewed")?;
                hashes.push(users::find(work.conn, "usr_1")?.unwrap().password_hash.unwrap());
            }
            Ok(hashes)
        }).await.unwrap();
        assert_eq!(hashes, ["new", "renewed"]);
    }

    async fn an_error_rolls_everything_back(app) {
        let failed: Result<(), StoreError> = app.inside().store.write(|work| {
            insert(work, "usr_1", "1@example.com")?;
            deployment_settings::set(work.conn, "said", "yes", work.now)?;
            Err(StoreError::Failed("on purpose".to_owned()))
        }).await;
        assert!(matches!(failed, Err(StoreError::Failed(reason)) if reason == "on purpose"));
        assert_eq!(app.count("users").await, 0);
        assert_eq!(app.count("facts WHERE name = 'said'").await, 0);
    }

    async fn a_refusal_commits_and_a_store_error_rolls_back(app) {
        let store = &app.inside().store;
        let outcome: Result<(), TxError<OAuthError>> = store.write_or_refuse(|work| {
            insert(work, "usr_1", "1@example.com")?;
            refused()?;
            insert(work, "usr_2", "2@example.com")?;
            Ok(())
        }).await;
        assert!(matches!(outcome, Err(TxError::Refused(refusal)) if refusal.reason == "on purpose"));
        assert_eq!(app.count("users").await, 1, "the write before the refusal is kept");
        let outcome: Result<(), TxError<OAuthError>> = store.write_or_refuse(|work| {
            insert(work, "usr_3", "3@example.com")?;
            failed()?;
            Ok(())
        }).await;
        assert!(matches!(outcome, Err(TxError::Store(StoreError::Failed(reason))) if reason == "on purpose"));
        assert_eq!(app.count("users").await, 1);
    }

    async fn a_panic_rolls_everything_back_and_the_next_write_works(app) {
        for _ in 0..8 {
            let panicked: Result<(), StoreError> = app.inside().store.write(|work| {
                insert(work, "usr_1", "1@example.com")?;
                panic!("on purpose")
            }).await;
            assert!(matches!(panicked, Err(StoreError::Failed(_))));
        }
        assert_eq!(app.count("users").await, 0);
        app.inside().store.write(|work| insert(work, "usr_2", "2@example.com")).await.unwrap();
        assert_eq!(app.count("users").await, 1);
    }

    async fn a_failing_write_in_a_batch_fails_alone(app) {
        let store = &app.inside().store;
        let outcomes = at_once(24, async |number| {
            store.write(move |work| {
                insert(work, &format!("usr_{number}"), &format!("{number}@example.com"))?;
                if number % 3 == 0 { Err(StoreError::Failed("on purpose".to_owned())) } else { Ok(()) }
            }).await.is_ok()
        });
        assert_eq!(outcomes.iter().filter(|kept| **kept).count(), 16);
        assert_eq!(app.count("users").await, 16);
    }

    async fn a_canceled_request_does_not_undo_its_write(app) {
        let started = Arc::new(AtomicBool::new(false));
        let seen = started.clone();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let store = app.inside().store.clone();
        let asking = tokio::spawn(async move {
            store.write(move |work| {
                seen.store(true, Ordering::SeqCst);
                wait.lock().unwrap().recv().ok();
                insert(work, "usr_1", "1@example.com")
            }).await
        });
        while !started.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        for _ in 0..200 {
            if app.count("users").await == 1 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the write is lost");
    }

    async fn a_duplicate_is_a_conflict_and_other_errors_are_failures(app) {
        let store = &app.inside().store;
        store.write(|work| insert(work, "usr_1", "1@example.com")).await.unwrap();
        for (id, email) in [("usr_1", "2@example.com"), ("usr_2", "1@example.com")] {
            let again = store.write(move |work| insert(work, id, email)).await;
            assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        }
        let orphan = store.write(|work| {
            let membership = memberships::Membership {
                org_id: "org_nowhere".to_owned(),
                user_id: "usr_1".to_owned(),
                role: "owner".to_owned(),
                created_at: work.now,
                invited_by: None,
            };
            memberships::insert(work.conn, &membership)
        }).await;
        assert!(matches!(orphan, Err(StoreError::Failed(_))), "{orphan:?}");
    }

    async fn a_fact_is_claimed_once_however_many_try(app) {
        let store = &app.inside().store;
        let claimed = at_once(20, async |number| {
            store.write(move |work| deployment_settings::claim(work.conn, "first", &number.to_string(), work.now)).await.unwrap()
        });
        assert_eq!(claimed.iter().filter(|mine| **mine).count(), 1);
    }
}
