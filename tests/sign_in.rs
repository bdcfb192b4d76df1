//! The three ways to sign in, against the sandbox's token endpoint, which checks every signature.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Run, Sandbox, Setup};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

fn serve() -> Sandbox {
    Sandbox::serve(&["--users", "8", "--seed", "23"])
}

/// Registers credentials on the app registration that Heeler signs in as.
fn register(sandbox: &Sandbox, credentials: &serde_json::Value) {
    common::http::send("PUT", &format!("{}/credentials", sandbox.get("control")), None, Some(credentials)).ok();
}

fn assert_refused(run: Run, words: &[&str]) {
    run.code(3).says(words);
}

#[test]
fn a_client_secret_signs_in() {
    let sandbox = serve();
    Setup::of(&sandbox).home().run(&["test"]).ok();
}

#[test]
fn a_registered_certificate_signs_in_and_another_does_not() {
    let make = || {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["heeler.example".into()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let sandbox = serve();
    let (certificate, key) = make();
    register(&sandbox, &json!({"certificates": [certificate], "federated": []}));
    let sign_in = "client_certificate = { file = \"entra.pem\" }";
    Setup::of(&sandbox).sign_in(sign_in, "entra.pem", &format!("{certificate}{key}")).home().run(&["sync"]).ok();
    assert!(!sandbox.app("Users").is_empty());

    let (other, key) = make();
    let home = Setup::of(&sandbox).sign_in(sign_in, "entra.pem", &format!("{other}{key}")).home();
    assert_refused(home.run(&["test"]), &["certificate"]);
    let home = Setup::of(&sandbox).sign_in(sign_in, "entra.pem", &certificate).home();
    home.run(&["test"]).code(2).says(&["key"]);
}

#[test]
fn a_federated_token_signs_in_and_a_stale_one_does_not() {
    let sandbox = serve();
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = rsa_public_pem(&key);
    let (issuer, subject, audience) = ("https://issuer.example", "heeler", "api://AzureADTokenExchange");
    register(
        &sandbox,
        &json!({"certificates": [], "federated": [
            {"issuer": issuer, "subject": subject, "audience": audience, "key": public}]}),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = |subject: &str, expires: u64| {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({"alg": "RS256", "typ": "JWT", "kid": "1"}));
        let body = part(json!({"iss": issuer, "sub": subject, "aud": audience, "nbf": now - 7200, "iat": now - 7200,
            "exp": expires, "jti": "5f0c7b1e"}));
        let mut signature = vec![0; key.public_modulus_len()];
        let signed = format!("{head}.{body}");
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let sign_in = "federated_token_file = \"federated.jwt\"";
    let with = |token: &str| Setup::of(&sandbox).sign_in(sign_in, "federated.jwt", token).home();
    with(&token(subject, now + 600)).run(&["sync"]).ok();
    assert!(!sandbox.app("Users").is_empty());
    assert_refused(with(&token("somebody-else", now + 600)).run(&["test"]), &["subject|federat|assertion"]);
    assert_refused(with(&token(subject, now - 3600)).run(&["test"]), &["expired|federat|assertion"]);
}

/// The public key as SubjectPublicKeyInfo in PEM.
fn rsa_public_pem(key: &RsaKeyPair) -> String {
    use aws_lc_rs::encoding::AsDer;
    let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
