//! The static files, embedded in the binary and named by their content.
//!
//! A name changes with the content, so a browser may keep a file for ever. The files are compressed once, at first use.

use std::borrow::Cow;
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The folder of the static files.
pub const FOLDER: &str = "/static/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// One static file.
pub struct Asset {
    /// `/static/NAME.HASH.EXT`
    pub url: String,
    content_type: &'static str,
    plain: Cow<'static, [u8]>,
    /// Nothing for a format that is compressed already.
    compressed: Option<Compressed>,
}

struct Compressed {
    brotli: Vec<u8>,
    gzip: Vec<u8>,
}

/// Every static file.
pub struct Assets {
    pub stylesheet: Asset,
    pub script: Asset,
    pub icon: Asset,
    pub text_font: Asset,
    text_font_extended: Asset,
    code_font: Asset,
}

pub static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

impl Assets {
    fn embedded() -> Self {
        let text_font = Asset::font("inter-latin", include_bytes!("../../static/fonts/inter-latin.woff2"));
        let text_font_extended =
            Asset::font("inter-latin-ext", include_bytes!("../../static/fonts/inter-latin-ext.woff2"));
        let code_font = Asset::font(
            "jetbrains-mono-latin",
            include_bytes!("../../static/fonts/jetbrains-mono-latin.woff2"),
        );
        // The stylesheet lies in the same folder as the fonts: a relative name works under any path of the issuer.
        let css = include_str!("../../static/app.css")
            .replace("fonts/inter-latin.woff2", text_font.name())
            .replace("fonts/inter-latin-ext.woff2", text_font_extended.name())
            .replace("fonts/jetbrains-mono-latin.woff2", code_font.name());
        Self {
            stylesheet: Asset::text("app", "css", "text/css; charset=utf-8", css.into_bytes().into()),
            script: Asset::text(
                "app",
                "js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../static/app.js").into(),
            ),
            icon: Asset::text("icon", "svg", "image/svg+xml", include_bytes!("../../static/icon.svg").into()),
            text_font,
            text_font_extended,
            code_font,
        }
    }

    fn find(&self, name: &str) -> Option<&Asset> {
        [
            &self.stylesheet,
            &self.script,
            &self.icon,
            &self.text_font,
            &self.text_font_extended,
            &self.code_font,
        ]
        .into_iter()
        .find(|asset| asset.name() == name)
    }
}

impl Asset {
    fn text(stem: &str, extension: &str, content_type: &'static str, plain: Cow<'static, [u8]>) -> Self {
        let compressed = Compressed::of(&plain);
        Self { url: url(stem, extension, &plain), content_type, plain, compressed }
    }

    fn font(stem: &str, plain: &'static [u8]) -> Self {
        Self {
            url: url(stem, "woff2", plain),
            content_type: "font/woff2",
            plain: plain.into(),
            compressed: None,
        }
    }

    fn name(&self) -> &str {
        self.url.strip_prefix(FOLDER).unwrap_or(&self.url)
    }

    /// The body in the best encoding that the browser takes, and the name of that encoding.
    fn body(&self, accepted: &str) -> (&[u8], Option<&'static str>) {
        let takes = |coding: &str| {
            accepted.split(',').any(|entry| {
                let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
                name.trim().eq_ignore_ascii_case(coding) && !matches!(quality.trim(), "q=0" | "q=0.0")
            })
        };
        match &self.compressed {
            Some(compressed) if takes("br") => (&compressed.brotli, Some("br")),
            Some(compressed) if takes("gzip") => (&compressed.gzip, Some("gzip")),
            _ => (&self.plain, None),
        }
    }
}

impl Compressed {
    /// `None` if the encoder fails, which writing to memory never does: the plain file is then served.
    fn of(plain: &[u8]) -> Option<Self> {
        let parameters = BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        let mut brotli = Vec::new();
        brotli::BrotliCompress(&mut &*plain, &mut brotli, &parameters).ok()?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(plain).ok()?;
        Some(Self { brotli, gzip: gzip.finish().ok()? })
    }
}

fn url(stem: &str, extension: &str, content: &[u8]) -> String {
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..9]);
    format!("{FOLDER}{stem}.{hash}.{extension}")
}

/// `GET /static/{name}`
pub async fn get(name: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(asset) = ASSETS.find(&name) else { return HttpResponse::NotFound().finish() };
    let accepted = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (body, encoding) = asset.body(accepted);
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding));
    }
    answer.body(web::Bytes::from_static(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_in_the_stylesheet_is_served_under_its_name() {
        let css = String::from_utf8_lossy(&ASSETS.stylesheet.plain).into_owned();
        let mut fonts = 0;
        for rest in css.split("url(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(ASSETS.find(name).is_some(), "{name} is not served");
            fonts += 1;
        }
        assert_eq!(fonts, 3);
    }

    #[test]
    fn every_file_of_others_is_as_it_was_fetched() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let lock = std::fs::read_to_string(root.join("static/VENDOR.lock")).unwrap();
        for line in lock.lines() {
            let (hash, path) = line.split_once("  ").unwrap();
            let found = Sha256::digest(std::fs::read(root.join(path)).unwrap());
            assert_eq!(format!("{found:x}"), hash, "{path}");
        }
        assert_eq!(
            lock.matches("templates/icons/").count(),
            std::fs::read_dir(root.join("templates/icons")).unwrap().count()
        );
    }

    #[test]
    fn a_changed_name_is_not_found() {
        assert!(ASSETS.find(ASSETS.script.name()).is_some());
        assert!(ASSETS.find("app.js").is_none());
        assert!(ASSETS.find("../Cargo.toml").is_none());
    }

    #[test]
    fn the_browser_gets_the_best_encoding_that_it_takes() {
        let encoding = |accepted| ASSETS.stylesheet.body(accepted).1;
        assert_eq!(encoding("gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(encoding("gzip;q=1.0, br;q=0"), Some("gzip"));
        assert_eq!(encoding("identity"), None);
        assert_eq!(ASSETS.text_font.body("br").1, None);
    }

    #[test]
    fn the_files_stay_within_their_weight() {
        let brotli = |asset: &Asset| asset.compressed.as_ref().unwrap().brotli.len();
        assert!(brotli(&ASSETS.stylesheet) <= 8 * 1024, "{}", brotli(&ASSETS.stylesheet));
        assert!(brotli(&ASSETS.script) <= 3 * 1024, "{}", brotli(&ASSETS.script));
        assert!(ASSETS.text_font.plain.len() + ASSETS.code_font.plain.len() <= 90 * 1024);
    }
}
