//! `credential-helper`: output for git, docker, kubectl and the AWS tools.

use keystile::testing::{TestResponse, TestServer};
use serde_json::{Value, json};

use crate::support::both_engines;
use crate::support::cli::companion;

both_engines! {
    async fn git_gets_the_token_for_its_own_host_only(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let token = cli.stored("default")["access_token"].as_str().unwrap().to_owned();
        let host = app.issuer().trim_start_matches("http://").to_owned();
        let asked = |host: &str| format!("protocol=http\nhost={host}\npath=acme.git\n\n");
        let get = ["credential-helper", "git", "get"];
        let ran = cli.run_with_input(&get, &asked(&host)).await.good();
        assert!(ran.out.starts_with(&format!("username=oauth2\npassword={token}\npassword_expiry_utc=")), "{ran:#?}");
        for foreign in ["github.com", "127.0.0.1:9", "127.0.0.1"] {
            let ran = cli.run_with_input(&get, &asked(foreign)).await.good();
            assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{foreign}");
        }
        let ran = cli.run_with_input(&["credential-helper", "git", "store"], &asked(&host)).await.good();
        assert_eq!(ran.out, "");
        cli.run_with_input(&["credential-helper", "git", "later"], "").await.good();
    }

    async fn a_token_that_git_says_was_refused_is_replaced(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let token = cli.stored("default")["access_token"].as_str().unwrap().to_owned();
        let host = app.issuer().trim_start_matches("http://").to_owned();
        let refused = |password: &str| format!("protocol=http\nhost={host}\nusername=oauth2\npassword={password}\n");
        let erase = ["credential-helper", "git", "erase"];
        cli.run_with_input(&erase, &refused("another")).await.good();
        assert_eq!(cli.stored("default")["access_token"], token.as_str());
        cli.run_with_input(&erase, &refused(&token)).await.good();
        assert_ne!(cli.stored("default")["access_token"], token.as_str());
        cli.run(&["whoami"]).await.good();
    }

    async fn docker_gets_a_document_and_the_words_it_knows(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let token = cli.stored("default")["access_token"].clone();
        let host = app.issuer().trim_start_matches("http://");
        let docker = |action: &'static str| ["credential-helper", "docker", action];
        let answer = cli.run_with_input(&docker("get"), &format!("{host}\n")).await.good().json();
        assert_eq!(answer, json!({ "ServerURL": host, "Username": "oauth2", "Secret": token }));
        let foreign = cli.run_with_input(&docker("get"), "https://index.docker.io/v1/").await;
        assert_eq!(foreign.out, "credentials not found in native keychain\n");
        assert_ne!(foreign.exit, 0);
        for other in [format!("https://{host}"), format!("{host}0"), "127.0.0.1".to_owned()] {
            let ran = cli.run_with_input(&docker("get"), &other).await;
            assert_eq!(ran.out, "credentials not found in native keychain\n", "{other}");
        }
        let below = cli.run_with_input(&docker("get"), &format!("{}/v2/", app.issuer())).await.good().json();
        assert_eq!(below["Secret"], token);
        let version = format!("docker-credential-keystile (keystile) {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(cli.run(&docker("version")).await.good().out, version);
        let list = cli.run(&docker("list")).await.good().json();
        assert_eq!(list[app.issuer()], "oauth2");
        cli.run_with_input(&docker("store"), "{}").await.failed(1, "This helper does not store passwords\n");
        cli.run_with_input(&docker("erase"), host).await.good();
        cli.run(&["whoami"]).await.good();
    }

    async fn kubectl_gets_a_token_with_its_end(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let kube = |server: &str| {
            let info = json!({
                "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
                "spec": { "cluster": { "server": server }, "interactive": false }
            });
            let mut command = cli.command(&["credential-helper", "kube"]);
            command.env("KUBERNETES_EXEC_INFO", info.to_string());
            cli.start(command)
        };
        let answer = kube(app.issuer()).ended().await.good().json();
        assert_eq!(answer["apiVersion"], "client.authentication.k8s.io/v1beta1");
        assert_eq!(answer["status"]["token"], cli.stored("default")["access_token"]);
        assert!(answer["status"]["expirationTimestamp"].as_str().unwrap().ends_with('Z'));
        kube("https://k8s.elsewhere.example").ended().await.failed(2, "No credential for k8s.elsewhere.example\n");
        let plain = cli.run(&["credential-helper", "kube"]).await.good().json();
        assert_eq!(plain["apiVersion"], "client.authentication.k8s.io/v1");
    }

    async fn aws_trades_the_token_for_a_role_that_was_named(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let token = cli.stored("default")["access_token"].as_str().unwrap().to_owned();
        let service = TestServer::start(move |asked| {
            let is_right = asked.body.contains("Action=AssumeRoleWithWebIdentity")
                && asked.body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdeploy")
                && asked.body.contains(&format!("WebIdentityToken={token}"));
            if !is_right {
                return TestResponse::status(400);
            }
            TestResponse::json(&json!({ "AssumeRoleWithWebIdentityResponse": { "AssumeRoleWithWebIdentityResult": {
                "Credentials": {
                    "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 1.795_420_8e9
                }
            } } }))
        });
        let aws = |arguments: &[&str]| {
            let mut command = cli.command(&[&["credential-helper", "aws"], arguments].concat());
            command.env("AWS_ENDPOINT_URL_STS", service.url(""));
            cli.start(command)
        };
        let answer: Value = aws(&["--role-arn", "arn:aws:iam::1:role/deploy"]).ended().await.good().json();
        assert_eq!(answer, json!({
            "Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t",
            "Expiration": "2026-11-23T08:00:00Z"
        }));
        aws(&[]).ended().await.failed(1, "No role is set\n");
        aws(&["--role-arn", "arn:other"]).ended().await.failed(1, "The request was refused (400)\n");
    }

    async fn no_helper_prints_a_token_to_a_terminal(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let token = cli.stored("default")["access_token"].as_str().unwrap().to_owned();
        let line = format!("{} credential-helper kube", companion());
        let ran = cli.start(cli.wrapped("script", &["-qec", &line, "/dev/null"])).ended().await;
        assert_eq!(ran.exit, 1, "{ran:#?}");
        assert!(ran.out.contains("is for programs, and standard output is a terminal"), "{ran:#?}");
        assert!(!ran.out.contains(&token));
    }
}
