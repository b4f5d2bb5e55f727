import Digests
import Testing

@Suite struct DigestTests {
    @Test(
        "Digests are those of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func examples(text: String, digest: String) {
        #expect(Digest.text(of: Array(text.utf8)) == "sha256:" + digest)
    }

    @Test func `A million letters have the published digest`() {
        let digest = Digest.text(of: [UInt8](repeating: 0x61, count: 1_000_000))
        let wanted = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(digest == "sha256:" + wanted)
    }
}
