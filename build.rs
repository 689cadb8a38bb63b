//! Names the static files by their content and compresses them, so that the server needs no encoder and no time for it.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=static");
    static_files::write()
}

mod static_files {
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::{env, fs};

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use brotli::enc::BrotliEncoderParams;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use sha2::{Digest, Sha256};

    /// Writes `static_files.rs`, a value of the type `Assets` that the server includes.
    pub(super) fn write() -> Result<(), Box<dyn std::error::Error>> {
        let from = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("static");
        let writer = Writer { to: PathBuf::from(env::var("OUT_DIR")?) };
        let mut css = fs::read_to_string(from.join("app.css"))?;
        let mut fields = Vec::new();
        for (field, stem) in [
            ("text_font", "inter-latin"),
            ("text_font_extended", "inter-latin-ext"),
            ("code_font", "jetbrains-mono-latin"),
        ] {
            let file = format!("fonts/{stem}.woff2");
            let font = fs::read(from.join(&file))?;
            let name = named(stem, "woff2", &font);
            // The stylesheet lies in the same folder as the fonts: a relative name works under any path of the issuer.
            css = css.replace(&file, &name);
            fields.push(format!("{field}: {}", writer.asset(&name, "font/woff2", &font, false)?));
        }
        for (field, stem, extension, content_type, plain) in [
            ("stylesheet", "app", "css", "text/css; charset=utf-8", css.into_bytes()),
            ("script", "app", "js", "text/javascript; charset=utf-8", fs::read(from.join("app.js"))?),
            ("icon", "icon", "svg", "image/svg+xml", fs::read(from.join("icon.svg"))?),
        ] {
            let name = named(stem, extension, &plain);
            fields.push(format!("{field}: {}", writer.asset(&name, content_type, &plain, true)?));
        }
        fs::write(writer.to.join("static_files.rs"), format!("Assets {{ {} }}\n", fields.join(", ")))?;
        Ok(())
    }

    /// `STEM.HASH.EXTENSION`: a browser may keep a file forever, because its name changes with its content.
    fn named(stem: &str, extension: &str, content: &[u8]) -> String {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..9]);
        format!("{stem}.{hash}.{extension}")
    }

    struct Writer {
        to: PathBuf,
    }

    impl Writer {
        /// Writes a file in every encoding that it is served in. The text of its `Asset`.
        fn asset(&self, name: &str, content_type: &str, plain: &[u8], compress: bool) -> io::Result<String> {
            let compressed = if compress {
                let brotli = self.bytes(&format!("{name}.br"), &brotli(plain)?)?;
                let gzip = self.bytes(&format!("{name}.gz"), &gzip(plain)?)?;
                format!("Some(Compressed {{ brotli: {brotli}, gzip: {gzip} }})")
            } else {
                "None".to_owned()
            };
            let plain = self.bytes(name, plain)?;
            Ok(format!(
                "Asset {{ url: \"/static/{name}\", content_type: {content_type:?}, plain: {plain}, compressed: {compressed} }}"
            ))
        }

        fn bytes(&self, name: &str, content: &[u8]) -> io::Result<String> {
            fs::write(self.to.join(name), content)?;
            Ok(format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))"))
        }
    }

    fn brotli(plain: &[u8]) -> io::Result<Vec<u8>> {
        let parameters = BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        let mut compressed = Vec::new();
        brotli::BrotliCompress(&mut &*plain, &mut compressed, &parameters)?;
        Ok(compressed)
    }

    fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain)?;
        encoder.finish()
    }
}
