internal import CCrypto

/// SHA-256 by libcrypto.
public enum Digest {
    /// "sha256:" and 64 hexadecimal digits.
    public static func text(of bytes: [UInt8]) -> String { "sha256:" + hexadecimal(of: bytes) }

    /// 64 hexadecimal digits.
    public static func hexadecimal(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let code = unsafe bytes.withUnsafeBytes { content in
            unsafe EVP_Digest(
                content.baseAddress,
                content.count,
                &digest,
                &count,
                EVP_sha256(),
                nil
            )
        }
        // EVP_Digest fails for want of memory only.
        precondition(code == 1 && count == 32, "SHA-256 failed")
        return digest[0..<32].map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined()
    }
}
