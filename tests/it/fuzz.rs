//! The API under schemathesis, which generates valid and invalid calls from the OpenAPI document.

use tokio::process::Command;

use crate::support::app::Builder;
use crate::support::database::Database;

async fn holds(database: Database) {
    // So many calls would otherwise only be answered with 429.
    let builder = Builder::on(database).with("KEYSTILE_LIMITS__API_REQUESTS_PER_MINUTE", "1000000");
    let app = builder.start().await;
    let from_env =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run tests/fuzz"));
    let session = app.owners_tool().await;
    let status = Command::new(from_env("KEYSTILE_TEST_SCHEMATHESIS"))
        .args(["--config-file", "tests/schemathesis.toml", "run"])
        .args(from_env("KEYSTILE_TEST_SCHEMATHESIS_ARGS").split_whitespace())
        .arg(format!("{}/api/openapi.json", app.base()))
        .env("KEYSTILE_FUZZ_CREDENTIAL", &session.credential)
        .status();
    assert!(status.await.unwrap().success(), "schemathesis has found something");
    assert_eq!(session.get("/api/v1/whoami").await.status, 200, "the calls were made without a credential");
    app.stop().await;
}

#[tokio::test]
#[ignore = "takes minutes; tests/fuzz runs it"]
async fn the_api_on_sqlite_answers_as_its_document_says() {
    holds(Database::sqlite()).await;
}

#[tokio::test]
#[ignore = "takes minutes; tests/fuzz runs it"]
async fn the_api_on_postgres_answers_as_its_document_says() {
    holds(Database::postgres()).await;
}
