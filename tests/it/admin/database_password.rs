//! No command prints the password of the database.

use tempfile::TempDir;

use super::keystiled;
use crate::support::database::Database;

/// Two halves of a password, with a special character between them.
const HALVES: [&str; 2] = ["hunter", "tiger"];
const ODD: [&str; 9] = ["/", "#", "?", "@", "%", "%zz", "?password=", "&x", " "];

#[test]
fn ce_01_a_password_that_is_not_encoded_is_refused_and_not_repeated() {
    for odd in ODD {
        for place in ["ada:{}@127.0.0.1:9/app", "127.0.0.1:9/app?user=ada&password={}", "{}@127.0.0.1:9/app"]
        {
            let (first, second) = HALVES.into();
            let url = format!("postgres://{}", place.replace("{}", &format!("{first}{odd}{second}")));
            for command in ["check-config", "migrate", "serve", "init"] {
                let arguments: &[&str] = match command {
                    "init" => &["init", "--org", "A", "--email", "a@b.example", "--password-stdin"],
                    command => &[command],
                };
                let variables = [
                    ("HOME", "/nonexistent"),
                    ("KEYSTILE_LISTEN", "127.0.0.1:0"),
                    ("KEYSTILE_DATABASE_URL", url.as_str()),
                ];
                let ran = keystiled(&variables, arguments);
                assert!(HALVES.iter().all(|half| !format!("{ran:?}").contains(half)), "{url} {ran:#?}");
                // Some of these characters are valid in their position; then the host is unreachable.
                if ran.code == Some(2) {
                    ran.refused(2, "Encode the password");
                }
            }
        }
    }
}

#[test]
fn ce_01_check_config_says_that_the_password_has_to_be_encoded() {
    for odd in ["/", "#", "?", "@", "%"] {
        let url = format!("postgres://ada:hunter{odd}tiger@db/app");
        let refused =
            keystiled(&[("HOME", "/nonexistent"), ("KEYSTILE_DATABASE_URL", &url)], &["check-config"]);
        refused.refused(2, "Encode the password");
    }
}

#[test]
fn ce_01_errors_of_libpq_and_the_server_contain_no_user_and_no_password() {
    let folder = TempDir::new().unwrap();
    let cluster = Database::postgres().url();
    let (_, address) = cluster.split_once("://").unwrap();
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let real = address.split(['?', '/']).next().unwrap();
    for odd in ["%2F", "%23", "%3F", "%40", "%25", "%22", "&", "%26", "%20"] {
        for host in [real, "127.0.0.1:9", "nowhere.invalid", "127.0.0.1,127.0.0.2:9"] {
            let url = format!("postgres://hunter{odd}tiger:hunter{odd}tiger@{host}/nothing");
            let variables = [
                ("HOME", folder.path().to_str().unwrap()),
                ("KEYSTILE_LISTEN", "127.0.0.1:0"),
                ("KEYSTILE_DATABASE_URL", url.as_str()),
            ];
            for command in ["check-config", "migrate", "serve"] {
                let ran = keystiled(&variables, &[command]);
                assert_eq!(ran.code, Some(i32::from(command != "check-config")), "{ran:#?}");
                assert!(HALVES.iter().all(|half| !format!("{ran:?}").contains(half)), "{url} {ran:#?}");
                let host = host.split([',', ':']).next().unwrap();
                assert!(format!("{ran:?}").contains(host), "names the host: {ran:#?}");
            }
        }
    }
}
