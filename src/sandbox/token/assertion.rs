//! Client assertions: JWTs signed with the key of a registered certificate, or by a registered outside issuer.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Padding is optional: official clients send both.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Seconds two clocks may differ.
const SKEW: f64 = 300.0;

/// A federated credential as it is registered: who may speak for the app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federated {
    /// `iss` of the tokens.
    pub issuer: String,
    /// `sub` of the tokens.
    pub subject: String,
    /// `aud` of the tokens.
    pub audience: String,
    /// PEM of the issuer's RSA public key, or of a certificate that holds it.
    pub key: String,
}

/// What the app may sign in with beside its secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    /// PEM of each registered certificate.
    pub certificates: Vec<String>,
    /// The registered outside issuers.
    pub federated: Vec<Federated>,
}

/// Why an assertion was refused: the number of the AADSTS error and its sentence.
pub type Refusal = (u32, String);

impl Credentials {
    /// Checks that every PEM holds what it should; says which does not.
    pub fn check(&self) -> Result<(), String> {
        for (n, pem) in self.certificates.iter().enumerate() {
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| format!("certificates[{n}]: {e}"))?;
        }
        for (n, one) in self.federated.iter().enumerate() {
            if CertificateDer::from_pem_slice(one.key.as_bytes()).is_err() {
                SubjectPublicKeyInfoDer::from_pem_slice(one.key.as_bytes())
                    .map_err(|e| format!("federated[{n}].key: {e}"))?;
            }
        }
        Ok(())
    }
}

/// Decodes either alphabet of base64, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL.decode(text.replace('+', "-").replace('/', "_")).ok()
}

struct Jwt {
    header: Value,
    claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            signed: format!("{header}.{claims}"),
            signature: decode(signature)?,
        })
    }

    fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Checks `exp`, and `nbf` where it is there; both may be fractional.
    fn current(&self, now: f64) -> bool {
        let time = |name: &str| self.claims.get(name).and_then(Value::as_f64);
        time("exp").is_some_and(|exp| exp + SKEW > now) && time("nbf").is_none_or(|nbf| nbf - SKEW < now)
    }

    fn verify(&self, pem: &str) -> bool {
        let algorithm = match self.header.get("alg").and_then(Value::as_str) {
            Some("RS256") => webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
            Some("PS256") => webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            _ => return false,
        };
        if let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) {
            let Ok(certificate) = webpki::EndEntityCert::try_from(&der) else { return false };
            return certificate.verify_signature(algorithm, self.signed.as_bytes(), &self.signature).is_ok();
        }
        let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) else { return false };
        let rsa = if self.header["alg"] == "PS256" {
            &aws_lc_rs::signature::RSA_PSS_2048_8192_SHA256
        } else {
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256
        };
        aws_lc_rs::signature::UnparsedPublicKey::new(rsa, der.as_ref())
            .verify(self.signed.as_bytes(), &self.signature)
            .is_ok()
    }

    /// Whether the thumbprint in the header is that of the certificate.
    fn names(&self, pem: &str) -> bool {
        let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else { return false };
        let print = |name: &str| self.header.get(name).and_then(Value::as_str).and_then(decode);
        let is = |algorithm, sent: Option<Vec<u8>>| sent.is_some_and(|s| digest::digest(algorithm, &der).as_ref() == s);
        is(&digest::SHA256, print("x5t#S256")) || is(&digest::SHA1_FOR_LEGACY_USE_ONLY, print("x5t"))
    }
}

/// Checks an assertion. `audiences`: what `aud` may be for one the app signed itself. `now`: seconds since 1970.
pub fn check(
    credentials: &Credentials,
    assertion: &str,
    client_id: &str,
    audiences: &[String],
    now: f64,
) -> Result<(), Refusal> {
    let refuse = |number: u32, text: &str| Err((number, text.to_owned()));
    let Some(jwt) = Jwt::parse(assertion) else {
        return refuse(50027, "JWT token is invalid or malformed.");
    };
    if jwt.claim("iss") != client_id {
        return federated(credentials, &jwt, now);
    }
    if jwt.claim("sub") != client_id
        || !audiences.iter().any(|audience| audience.eq_ignore_ascii_case(jwt.claim("aud")))
    {
        return refuse(700_023, "Client assertion audience claim does not match Realm issuer.");
    }
    let Some(certificate) = credentials.certificates.iter().find(|pem| jwt.names(pem)) else {
        return refuse(
            700_027,
            "Client assertion failed signature validation. The certificate with the given thumbprint is not registered on the application.",
        );
    };
    if !jwt.current(now) {
        return refuse(700_024, "Client assertion is not within its valid time range.");
    }
    if !jwt.verify(certificate) {
        return refuse(50012, "Authentication failed: the signature of the client assertion is not valid.");
    }
    Ok(())
}

fn federated(credentials: &Credentials, jwt: &Jwt, now: f64) -> Result<(), Refusal> {
    let (issuer, subject) = (jwt.claim("iss"), jwt.claim("sub"));
    let audience = match jwt.claims.get("aud") {
        Some(Value::Array(list)) => list.first().and_then(Value::as_str).unwrap_or_default(),
        _ => jwt.claim("aud"),
    };
    let refuse = |number: u32, what: &str, value: &str| {
        let text = format!("No matching federated identity record found for presented assertion {what} '{value}'.");
        Err((number, text))
    };
    let issued: Vec<&Federated> = credentials.federated.iter().filter(|one| one.issuer == issuer).collect();
    if issued.is_empty() {
        return refuse(700_211, "issuer", issuer);
    }
    let Some(one) = issued.iter().find(|one| one.subject == subject) else {
        return refuse(700_213, "subject", subject);
    };
    if one.audience != audience {
        return refuse(700_212, "audience", audience);
    }
    if !jwt.current(now) {
        return Err((700_024, "Client assertion is not within its valid time range.".into()));
    }
    // Outside issuers sign with RS256 and nothing else.
    if jwt.header["alg"] != "RS256" || !jwt.verify(&one.key) {
        return Err((50012, "Authentication failed: the signature of the client assertion is not valid.".into()));
    }
    Ok(())
}
