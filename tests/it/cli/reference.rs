//! Output generated from the definition of the command line.

use std::fs;

use crate::support::cli::Cli;

#[tokio::test]
async fn every_shell_gets_completions_that_know_the_commands() {
    let cli = Cli::at("http://127.0.0.1:9");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = cli.run(&["completions", shell]).await.good().out;
        for command in ["credential-helper", "doctor", "sessions", "profile"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    cli.run(&["completions", "tcsh"]).await.failed(1, "invalid value 'tcsh'");
    let script = cli.home().join("completions.bash");
    fs::write(&script, cli.run(&["completions", "bash"]).await.good().out).unwrap();
    let checked = cli.start(cli.wrapped("bash", &["-n", script.to_str().unwrap()])).ended().await.good();
    assert_eq!(checked.err, "");
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let cli = Cli::at("http://127.0.0.1:9");
    let folder = cli.home().join("man");
    cli.run(&["man", folder.to_str().unwrap()]).await.good();
    let page = fs::read_to_string(folder.join("keystile-auth-login.1")).unwrap();
    assert!(page.contains(".SH OPTIONS") && page.contains("\\-\\-issuer"), "{page}");
    for name in ["keystile", "keystile-auth-doctor", "keystile-credential-helper-git", "keystile-profile-use"]
    {
        assert!(folder.join(format!("{name}.1")).exists(), "{name}");
    }
}
