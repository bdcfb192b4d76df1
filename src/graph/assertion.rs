//! The signed statement that replaces a client secret: PS256 with `x5t#S256`, as the service documents it.

use crate::model::Secret;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

/// Seconds an assertion is good for.
const LIFE: i64 = 600;

/// Certificate and key, ready to sign.
pub(super) struct Signer {
    key: RsaKeyPair,
    thumbprint: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.thumbprint)
    }
}

impl Signer {
    /// Reads certificate and key and checks that they belong together.
    ///
    /// # Errors
    /// A message that says what to correct; never quotes the input.
    pub(super) fn from_pem(pem: &Secret) -> Result<Self, String> {
        let bytes = pem.expose().as_bytes();
        let key = match PrivateKeyDer::from_pem_slice(bytes) {
            Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            Ok(_) => return Err("the private key of the client certificate is not an RSA key; Entra takes RSA".into()),
            Err(_) => {
                return Err("the client certificate file holds no private key in PEM form (PKCS#8 or PKCS#1, without \
                            passphrase); append it to the certificate"
                    .into());
            }
        };
        let key = key.map_err(|_| {
            "the private key of the client certificate cannot be used; it must be RSA with 2048 to 8192 bits".to_owned()
        })?;
        let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(bytes).flatten().collect();
        if certificates.is_empty() {
            return Err("the client certificate file holds no certificate in PEM form; put it before the key".into());
        }
        let mut signer = Self { key, thumbprint: String::new() };
        let probe = signer.sign(b"probe")?;
        let own = certificates.iter().find(|der| fits(der, b"probe", &probe));
        let own = own
            .ok_or("the private key does not belong to the client certificate; use the pair that was made together")?;
        signer.thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, own));
        Ok(signer)
    }

    /// The assertion for a token endpoint; `now` in seconds since 1970.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn assertion(&self, endpoint: &str, client_id: &str, now: i64) -> Result<Secret, String> {
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": endpoint, "iss": client_id, "sub": client_id, "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now, "iat": now, "exp": now + LIFE,
        });
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.sign(text.as_bytes())?;
        Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| "the private key of the client certificate cannot sign".to_owned())?;
        Ok(signature)
    }
}

/// Whether the certificate's public key made this signature.
fn fits(der: &CertificateDer<'_>, message: &[u8], signature: &[u8]) -> bool {
    webpki::EndEntityCert::try_from(der).is_ok_and(|certificate| {
        certificate.verify_signature(webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY, message, signature).is_ok()
    })
}
