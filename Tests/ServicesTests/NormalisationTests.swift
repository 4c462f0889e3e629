import Testing

@testable import Services

@Suite("How texts are made the same before anybody is asked")
struct NormalisationTests {
    @Test(
        "The domain of whatever names one",
        arguments: [
            ("acme.example", "acme.example"), (" https://www.Acme.example/about?q=1#x ", "acme.example"),
            ("ada@Mail.Acme.example.", "mail.acme.example"),
            ("http://user:pw@acme.example:8080", "acme.example"),
            ("//acme.example", ""), ("www.example", "www.example"), ("www.a.example", "a.example"),
            ("www.www.a.example", "www.a.example"), ("mailto:a@b.example", "b.example"),
            ("ÉCOLE.example", "école.example"),
            ("acme.example..", "acme.example"), ("://", ""), ("", ""), (" ", ""), ("a://b://c.example", "b"),
            ("x.example/@y.example", "x.example"),
        ])
    func domain(text: String, domain: String) {
        #expect(Normalisation.domain.apply(text) == domain)
    }

    @Test(
        "Blanks at the ends go, whatever blanks they are; those inside stay",
        arguments: [
            ("\u{A0}\t a  b \r\n\u{2003}", "a  b"), ("a", "a"), ("", ""), (" \n ", ""),
            ("e\u{301} ", "e\u{301}"),
        ])
    func trim(text: String, trimmed: String) {
        #expect(Array(Normalisation.trim.apply(text).utf8) == Array(trimmed.utf8))
    }

    @Test(
        "Numbers are their digits",
        arguments: [
            (" +49 (0) 30/12-34", "+490301234"), ("030 1234", "0301234"), ("call me", ""), ("1+1", "11"),
        ])
    func phone(text: String, digits: String) {
        #expect(Normalisation.phone.apply(text) == digits)
    }
}
