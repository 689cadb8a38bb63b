//! Stored values come back unchanged and sort in the same way on both engines.

use keystiled::domain::time::Time;
use keystiled::store::deployment_settings;

use crate::support::both_engines;

both_engines! {
    async fn a_time_comes_back_to_the_microsecond(app) {
        for micros in [0, 1, 999_999, 1_000_000, 1_795_000_000_123_456, 4_102_444_800_000_000, -1] {
            let at = Time::from_micros(micros).unwrap();
            app.inside().store.write(move |work| deployment_settings::set(work.conn, "when", "now", at)).await.unwrap();
            let (_, back) = app.inside().store.read(|conn| deployment_settings::find(conn, "when")).await.unwrap().unwrap();
            assert_eq!(back, at, "{micros}");
        }
    }

    async fn times_sort_as_time_does(app) {
        let times = [1_795_000_000_000_000, 1_795_000_000_000_001, 1_795_000_000_100_000, 1_795_000_001_000_000];
        for (number, micros) in times.into_iter().enumerate() {
            let at = Time::from_micros(micros).unwrap();
            let name = format!("at-{number}");
            app.inside().store.write(move |work| deployment_settings::set(work.conn, &name, "x", at)).await.unwrap();
        }
        let query = "SELECT name FROM facts WHERE name LIKE 'at-%' ORDER BY updated_at DESC";
        assert_eq!(app.names(query).await, ["at-3", "at-2", "at-1", "at-0"]);
    }

    async fn any_text_comes_back_as_it_was(app) {
        for text in ["", "'; DROP TABLE facts; --", "ä\u{1f511}\u{202e}", "a\nb\tc\\d\"e", "%_"] {
            app.inside().store.write(move |work| deployment_settings::set(work.conn, "text", text, work.now)).await.unwrap();
            let (back, _) = app.inside().store.read(|conn| deployment_settings::find(conn, "text")).await.unwrap().unwrap();
            assert_eq!(back, text);
        }
    }
}
