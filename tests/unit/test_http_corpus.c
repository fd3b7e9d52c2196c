/*
 * http_corpus: the cases that the tests of other projects' parsers cover
 * (llhttp of Node.js, h11, picohttpparser of H2O, h1spec of uWebSockets), as requests of our own. Each says whether theirs
 * accepts it (A), refuses it (R) or takes it for the end of HTTP (U), and what
 * the forwarder does when it would redirect:
 *
 *     302 307   redirected; another request may follow     relay  given to the other site as it is
 *     close     no further request on this connection      ...    more is awaited
 *     400 ...   refused                                     307*   relayed, for * has no place in Location
 *
 * Where that differs from theirs the reason stands beside it, and the test
 * sees to it that it does.
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/http.h"

#define H "Host: a.example\r\n"
#define TEXT(t) t, sizeof(t) - 1
#define LATER "the redirect is out before the body is looked at; the connection ends there"
#define FOLD "folding is obsolete, and the server behind a relay might read it otherwise (RFC 9112 section 5.2)"
#define HOST "HTTP/1.1 without Host (RFC 9112 section 3.2)"
#define BARE "bare LF and CR are how requests are smuggled past each other's parsers"

static const struct corpus_case { const char *what; char theirs; const char *want, *text; size_t len; const char *reason; } cases[] = {
	/* llhttp, sample: requests of clients */
	{ "curl", 'A', "302", TEXT("GET /test HTTP/1.1\r\nUser-Agent: curl/7.18.0\r\nHost: 0.0.0.0:5000\r\nAccept: */*\r\n\r\n"), NULL },
	{ "a Host with '='", 'A', "302", TEXT("GET /test HTTP/1.1\r\nHost: 0.0.0.0=5000\r\n\r\n"), NULL },
	{ "Firefox", 'A', "302", TEXT("GET /favicon.ico HTTP/1.1\r\n" H "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Language: en-us,en;q=0.5\r\nAccept-Charset: utf-8, *;q=0.5\r\nKeep-Alive: 120\r\nConnection: keep-alive\r\n\r\n"), NULL },
	{ "a field of punctuation", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "zz-zz:?!?!?!\r\n\r\n"), NULL },
	{ "no fields", 'A', "400", TEXT("GET /no HTTP/1.1\r\n\r\n"), HOST },
	{ "one field, not Host", 'A', "400", TEXT("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"), HOST },
	{ "ApacheBench: 1.0", 'A', "302 close", TEXT("GET /test HTTP/1.0\r\nHost: 0.0.0.0:5000\r\nUser-Agent: ApacheBench/2.3\r\n\r\n"), NULL },
	{ "an empty line in front", 'A', "302", TEXT("\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "no version", 'A', "400", TEXT("GET /\r\n\r\n"), "HTTP/0.9 has no status line in which it could be redirected" },
	{ "OPTIONS, blanks around values", 'A', "307", TEXT("OPTIONS /url HTTP/1.1\r\n" H "Header1: Value1\r\nHeader2:\t Value2\r\n\r\n"), NULL },
	{ "a method that begins like HTTP", 'A', "302", TEXT("HEAD /url HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "folding with CR LF", 'A', "400", TEXT("GET / HTTP/1.1\r\n" H "Line1:   abc\r\n\tdef\r\n ghi\r\n\r\n"), FOLD },
	{ "folding of an empty value", 'A', "400", TEXT("GET / HTTP/1.1\r\n" H "Line3:\r\n line3\r\n\r\n"), FOLD },
	{ "folding with LF", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Line1: abc\n\tdef\r\n\r\n"), NULL },
	{ "CR alone behind the request line", 'R', "400", TEXT("GET / HTTP/1.1\rLine: 1\r\n" H "\r\n"), NULL },
	{ "values beyond ASCII", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "Test: M\xc3\xbcnchen\r\n\r\n"), NULL },
	{ "byte 255 in a value", 'A', "302", TEXT("GET /u HTTP/1.1\r\n" H "A: \xff\r\n\r\n"), NULL },
	{ "a certificate in folded lines", 'A', "400", TEXT("GET / HTTP/1.1\r\n" H "X-Cert: begin\r\n\tAAAA\r\n\tend\r\n\r\n"), FOLD },
	/* llhttp, connection */
	{ "keep-alive named", 'A', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: keep-alive\r\n\r\n"), NULL },
	{ "kept by name", 'A', "307 307", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: keep-alive\r\n\r\nPUT /u HTTP/1.1\r\n" H "Connection: keep-alive\r\n\r\n"), NULL },
	{ "1.0 is not kept, and more follows", 'R', "307 close", TEXT("PUT /u HTTP/1.0\r\n" H "\r\nPUT /u HTTP/1.1\r\n" H "\r\n"), "what follows the last request is not read" },
	{ "1.0 kept by name", 'A', "307 307", TEXT("PUT /u HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\nPUT /u HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "an empty line between requests", 'A', "307 302", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nq=4\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "CR in the place of '-'", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: keep\ralive\r\n\r\n"), NULL },
	{ "close", 'A', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), NULL },
	{ "close, then a tab", 'A', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: close\t\r\n\r\n"), NULL },
	{ "close, and more follows", 'R', "307 close", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\nConnection: close\r\n\r\nq=42\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), "what follows the last request is not read" },
	{ "close before other options", 'A', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: close, token, upgrade, token, keep-alive\r\n\r\n"), NULL },
	{ "close among others", 'A', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: a, b, cLOse, foo\r\n\r\n"), NULL },
	{ "an option that only begins like close", 'A', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: closed\r\n\r\n"), NULL },
	{ "options folded", 'U', "400", TEXT("GET /demo HTTP/1.1\r\n" H "Connection: Something,\r\n Upgrade, ,Keep-Alive\r\nUpgrade: WebSocket\r\n\r\n"), FOLD },
	{ "a blank before the colon of Connection", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Connection : upgrade\r\nUpgrade: ws\r\n\r\n"), NULL },
	{ "upgrade", 'U', "relay", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: upgrade\r\nUpgrade: ws\r\n\r\n"), NULL },
	{ "upgrade with a body", 'U', "relay", TEXT("PUT /u HTTP/1.1\r\n" H "Connection: upgrade\r\nContent-Length: 4\r\nUpgrade: ws\r\n\r\nabcdefgh"), NULL },
	{ "WebSocket of old", 'U', "relay", TEXT("GET /demo HTTP/1.1\r\n" H "Connection: Upgrade\r\nSec-WebSocket-Key2: 1 2 3 4  .5\r\nSec-WebSocket-Protocol: sample\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key1: 6 @7  8%9 0\r\nOrigin: http://example.com\r\n\r\nsixteen bytes..."), NULL },
	{ "upgrade by POST", 'U', "relay", TEXT("POST /demo HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\nContent-Length: 15\r\n\r\nfifteen bytes.."), NULL },
	{ "Upgrade without Connection", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "Upgrade: ws\r\n\r\n"), NULL },
	/* llhttp, content-length; h11, headers */
	{ "leading zeros", 'A', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 003\r\n\r\nabc"), NULL },
	{ "other fields behind it", 'A', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 003\r\nOther: field\r\n\r\nabc"), NULL },
	{ "a number that overflows", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1000000000000000000000\r\n\r\n"), NULL },
	{ "two, equal", 'R', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"), "one value repeated is one value (RFC 9110 section 8.6)" },
	{ "two, different", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), NULL },
	{ "beside Transfer-Encoding: identity", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n"), NULL },
	{ "a blank before its colon", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\nhello"), NULL },
	{ "GET with a body", 'A', "302", TEXT("GET /with-body HTTP/1.1\r\n" H "contENT-lenGTH: 5\r\n\r\nHELLO"), NULL },
	{ "1.0, GET with a body", 'A', "302 close", TEXT("GET /with-body HTTP/1.0\r\n" H "contENT-lenGTH: 5\r\n\r\nHELLO"), NULL },
	{ "blanks around", 'A', "307", TEXT("POST / HTTP/1.1\r\n" H "Content-Length:  42 \r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), NULL },
	{ "tabs around", 'A', "307", TEXT("POST / HTTP/1.1\r\n" H "Content-Length:\t42\t\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), NULL },
	{ "a blank within", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 4 2\r\n\r\n"), NULL },
	{ "a blank and more", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 13 37\r\n\r\n"), NULL },
	{ "empty", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"), NULL },
	{ "CR in its name", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content\rLength: 003\r\n\r\nabc"), NULL },
	{ "of one request only", 'A', "307 307", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nxPOST /u HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), NULL },
	{ "the empty line is missing", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 3\r\n\rabc\r\n"), NULL },
	{ "negative", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"), NULL },
	{ "with a sign", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\nx"), NULL },
	{ "hexadecimal", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\nx"), NULL },
	{ "a letter", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 1x\r\n\r\nx"), NULL },
	{ "a list of one value", 'A', "307", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 0, 0\r\n\r\n"), NULL },
	{ "a list of two", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: 0, 1\r\n\r\n"), NULL },
	{ "text", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Content-Length: asdf\r\n\r\n"), NULL },
	/* llhttp, invalid and lenient; h11, io */
	{ "ICE with GET", 'R', "400", TEXT("GET /song ICE/1.0\r\n" H "\r\n"), NULL },
	{ "nearly HTTP", 'R', "400", TEXT("GET /song IHTTP/1.0\r\n" H "\r\n"), NULL },
	{ "RTSP with PUT", 'R', "400", TEXT("PUT /song RTSP/1.0\r\n" H "\r\n"), NULL },
	{ "a method of RTSP in HTTP", 'R', "307 close", TEXT("ANNOUNCE /song HTTP/1.0\r\n" H "\r\n"), "methods are an open list (RFC 9110 section 16.1): whether this one is known, the server decides" },
	{ "fields parted by CR", 'R', "400", TEXT("GET / HTTP/1.1\r\nFoo: bar\rBar: baz\r\n" H "\r\n"), NULL },
	{ "fields parted by LF", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "x:x\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n"), NULL },
	{ "a head ended by CR and junk", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Connection: close\r\n\rZGET /other: HTTP/1.1\r\nHost: a\r\n\r\n"), NULL },
	{ "empty fields parted by CR", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "x:\rTransfer-Encoding: chunked\r\n\r\n"), NULL },
	{ "empty fields parted by LF", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "x:\nTransfer-Encoding: chunked\r\n\r\n"), NULL },
	{ "'@' in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\nFo@: Failure\r\n" H "\r\n"), NULL },
	{ "a control in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\nFoo\x01\test: Bar\r\n" H "\r\n"), NULL },
	{ "no name", 'R', "400", TEXT("GET / HTTP/1.1\r\n: Bar\r\n" H "\r\n"), NULL },
	{ "a method with a letter too many", 'R', "307", TEXT("MKCOLX / HTTP/1.1\r\n" H "\r\n"), "methods are an open list (RFC 9110 section 16.1): whether this one is known, the server decides" },
	{ "a folded name", 'R', "400", TEXT("GET / HTTP/1.1\r\nname\r\n : value\r\n" H "\r\n"), NULL },
	{ "a field without colon", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Connection\r\033\x65\r\nAccept: x\r\n\r\n"), NULL },
	{ "a control in a name, behind Host", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "\x08\xc2: x\r\n\r\n"), NULL },
	{ "LF and another request in a value", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Dummy: x\nContent-Length: 23\r\n\r\nGET / HTTP/1.1\r\nDummy: GET /secret HTTP/1.1\r\nHost: a\r\n\r\n"), NULL },
	{ "version 5.6", 'R', "505", TEXT("GET / HTTP/5.6\r\n" H "\r\n"), NULL },
	{ "a blank behind the request line", 'R', "400", TEXT("GET / HTTP/1.1\r\n " H "\r\n"), NULL },
	{ "LF alone everywhere", 'R', "400", TEXT("POST / HTTP/1.1\nTransfer-Encoding: chunked\nHost: a\n\n"), NULL },
	{ "blanks before fields", 'R', "400", TEXT("POST /hello HTTP/1.1\r\n" H "Foo: bar\r\n Content-Length: 38\r\n\r\n"), NULL },
	{ "a control in a value", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Header1: \x0c\r\n\r\n"), NULL },
	{ "another control in a value", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Cookie: a=b\x01c; path=/\r\n\r\n"), NULL },
	{ "NUL in a value", 'R', "400", TEXT("GET / HTTP/1.1\r\nHost: foo\0bar\r\n\r\n"), NULL },
	{ "NUL in another value", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n"), NULL },
	{ "DEL in a value", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n"), NULL },
	{ "words behind the version", 'R', "400", TEXT("HEAD /foo HTTP/1.1 xxxxxx\r\n" H "\r\n"), NULL },
	{ "NUL in the target", 'R', "400", TEXT("HEAD /\0 HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a blank in the target", 'R', "400", TEXT("HEAD / x HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "DEL in the target", 'R', "400", TEXT("HEAD /\x7f HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a byte beyond ASCII in the target", 'R', "302", TEXT("HEAD /\xee HTTP/1.1\r\n" H "\r\n"), "clients do send raw UTF-8; it is escaped in Location, so nothing comes of it" },
	{ "the first field folded", 'R', "400", TEXT("HEAD /foo HTTP/1.1\r\n  folded: line\r\n" H "\r\n"), NULL },
	{ "a blank before the colon", 'R', "400", TEXT("HEAD /foo HTTP/1.1\r\nfoo  : line\r\n" H "\r\n"), NULL },
	{ "a tab before the colon", 'R', "400", TEXT("HEAD /foo HTTP/1.1\r\nfoo\t: line\r\n" H "\r\n"), NULL },
	{ "nothing before the colon", 'R', "400", TEXT("HEAD /foo HTTP/1.1\r\n: line\r\n" H "\r\n"), NULL },
	{ "a blank within a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "foo bar: baz\r\n\r\n"), NULL },
	{ "NUL in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "foo\0bar: baz\r\n\r\n"), NULL },
	{ "a byte beyond ASCII in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "foo\xff" "bar: baz\r\n\r\n"), NULL },
	{ "many lines folded", 'A', "400", TEXT("HEAD /foo HTTP/1.1\r\n" H "Some: one\r\n two\r\n\tthree\r\n\r\n"), FOLD },
	{ "fields parted by LF, once", 'A', "400", TEXT("GET /foo HTTP/1.1\nSomeHeader1: val1\nHost: a\n\n"), BARE },
	{ "1.1 without Host", 'R', "400", TEXT("GET / HTTP/1.1\r\na: b\r\n\r\n"), NULL },
	{ "1.0 without Host", 'A', "relay", TEXT("GET / HTTP/1.0\r\n\r\n"), NULL },
	{ "1.0 without Host, a field", 'A', "relay", TEXT("HEAD /foo HTTP/1.0\r\nSome: header\r\n\r\n"), NULL },
	{ "two Hosts", 'R', "400", TEXT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), NULL },
	{ "two Hosts in 1.0", 'R', "400", TEXT("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), NULL },
	{ "case of Host", 'A', "302", TEXT("GET / HTTP/1.1\r\nhOSt: example.com\r\n\r\n"), NULL },
	{ "values of blanks", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "Foo: \t \t \r\nBar:\r\nBaz: a a a a a \r\n\r\n"), NULL },
	/* llhttp, method */
	{ "REPORT", 'A', "307", TEXT("REPORT /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "PATCH", 'A', "307", TEXT("PATCH /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "PURGE", 'A', "307", TEXT("PURGE /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "SEARCH", 'A', "307", TEXT("SEARCH /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "LINK", 'A', "307", TEXT("LINK /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "UNLINK", 'A', "307", TEXT("UNLINK /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "SOURCE", 'A', "307", TEXT("SOURCE /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "QUERY", 'A', "307", TEXT("QUERY /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "MKCALENDAR", 'A', "307", TEXT("MKCALENDAR /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "DELETE", 'A', "307", TEXT("DELETE /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "TRACE", 'A', "307", TEXT("TRACE /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "POST", 'A', "307", TEXT("POST /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "PROPFIND", 'A', "307", TEXT("PROPFIND /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "M-SEARCH", 'A', "307", TEXT("M-SEARCH /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "HEAD", 'A', "302", TEXT("HEAD /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "GET", 'A', "302", TEXT("GET /test HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "M-SEARCH *", 'A', "400", TEXT("M-SEARCH * HTTP/1.1\r\n" H "MAN: \"ssdp:discover\"\r\n\r\n"), "* is for OPTIONS (RFC 9112 section 3.2.4); SSDP is spoken over UDP" },
	{ "OPTIONS *", 'A', "307*", TEXT("OPTIONS * HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "CONNECT", 'U', "relay", TEXT("CONNECT 1-host1.example.net:443 HTTP/1.0\r\nUser-agent: client/1\r\n\r\na line\r\nand another"), NULL },
	{ "CONNECT in capitals", 'U', "relay", TEXT("CONNECT HOST1.EXAMPLE.NET:443 HTTP/1.0\r\n\r\n"), NULL },
	{ "CONNECT with a body", 'U', "relay", TEXT("CONNECT b.example.net:443 HTTP/1.0\r\nContent-Length: 10\r\n\r\nten bytes."), NULL },
	{ "CONNECT, underscore", 'U', "relay", TEXT("CONNECT host_1.example.net:443 HTTP/1.0\r\n\r\n"), NULL },
	{ "SOURCE with ICE", 'A', "400", TEXT("SOURCE /song ICE/1.0\r\n" H "\r\n"), "another protocol than HTTP" },
	{ "OPTIONS with RTSP", 'A', "400", TEXT("OPTIONS /song RTSP/1.0\r\n" H "\r\n"), "another protocol than HTTP" },
	{ "ANNOUNCE with RTSP", 'A', "400", TEXT("ANNOUNCE /song RTSP/1.0\r\n" H "\r\n"), "another protocol than HTTP" },
	{ "HTTP/2 preface", 'U', "relay", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NULL },
	{ "half of an HTTP/2 preface, in 1.1", 'U', "400", TEXT("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"), "the preface says HTTP/2.0 (RFC 9113 section 3.4)" },
	{ "a method in small letters", 'A', "307", TEXT("get / HTTP/1.1\r\n" H "\r\n"), NULL },
	/* llhttp, uri */
	{ "quotes", 'A', "302", TEXT("GET /a_\"b\"_c?d=\\\"e\\\" HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "two question marks", 'A', "302", TEXT("GET /x.cgi?a=b?c HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "host ended by a query", 'A', "302", TEXT("GET http://b.example.net?hail=all HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "port ended by a query", 'A', "302", TEXT("GET http://b.example.net:1234?hail=all HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a vertical bar", 'A', "302", TEXT("GET /x.cgi?q=| HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "port ended by a blank", 'A', "302", TEXT("GET http://b.example.net:1234 HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "UTF-8 in the path", 'R', "302", TEXT("GET /\xc3\xa4/\xc3\xb6?q=1#x HTTP/1.1\r\n" H "\r\n"), "clients do send raw UTF-8; it is escaped in Location, so nothing comes of it" },
	{ "a fragment", 'A', "302", TEXT("GET /page?n=1#part HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "user and password", 'A', "400", TEXT("GET http://u%41:p!@b.example.net:1234/toto HTTP/1.1\r\n" H "\r\n"), "http URIs have no user (RFC 9110 section 4.2.4)" },
	{ "a blank in the path", 'R', "400", TEXT("GET /foo bar/ HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "two blanks before the version", 'R', "400", TEXT("GET /  HTTP/1.1\r\n" H "\r\n"), NULL },
	/* llhttp, transfer-encoding; h11, body readers */
	{ "chunked, nothing yet", 'A', "307 ...", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), NULL },
	{ "size in small letters", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "size in capitals", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "30 bytes", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1e\r\nthirty bytes of a body, no mor\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "two chunks, three zeros", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n000\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "trailers", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "extensions", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5;ext;a=1;b=2\r\nhello\r\n6;c;d\r\n world\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "extension without semicolon", 'R', "307 ...", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2 erfr\r\naa\r\n0 rrrr\r\n\r\n" "GET /half"), "blanks before the line end are allowed by others, and nobody reads the body: what the line holds besides the size is not looked at" },
	{ "semicolon and no extension", 'R', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2;\r\naa\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), "extensions are not looked at: a semicolon ends the size either way" },
	{ "quoted extension", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5;a=\"love\\\"; \\\\x\\\\\";b=\"c\"\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "quote not closed", 'R', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5;a=\"abc\";b=\"def; ghi\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), "extensions are not looked at: the line ends at CR LF either way" },
	{ "doves", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: doves\r\n\r\n"), NULL },
	{ "identity and Content-Length", 'R', "400", TEXT("POST /b?q#x HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nWorld"), NULL },
	{ "empty ones beside Content-Length", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 10\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\n\r\n"), NULL },
	{ "chunked before deflate", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, deflate\r\n\r\nWorld"), NULL },
	{ "chunked, and deflate in a field of its own", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: deflate\r\n\r\nWorld"), NULL },
	{ "deflate, then chunked", 'A', "307 302", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: deflate, chunked\r\n\r\n5\r\nWorld\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "the same in two fields", 'A', "307 302", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nWorld\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "chunkedchunked", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunkedchunked\r\n\r\n"), NULL },
	{ "chunked twice", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"), NULL },
	{ "gzip alone", 'R', "400", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n"), NULL },
	{ "case of chunked", 'A', "307 302", TEXT("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "no last chunk", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n\r\n"), LATER },
	{ "LF behind the size", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3 \n  \r\n\\\r\nfoo\r\n"), LATER },
	{ "chunked, folded", 'R', "400", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n  abc\r\n\r\n5\r\nWorld\r\n0\r\n\r\n"), NULL },
	{ "CR CR behind the size", 'R', "302 close", TEXT("GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n"), LATER },
	{ "chunk longer than its size", 'R', "302 close", TEXT("GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nABCDE0\r\n\r\n"), LATER },
	{ "a blank behind the size", 'R', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\na \r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), "some senders pad the size; h11 takes it, too" },
	{ "blanks and a tab behind the size", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5   \t \r\n01234\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "two digits", 'A', "307 302", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n0\r\nSome: header\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a hundred digits", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999\r\nxxx"), LATER },
	{ "NUL behind the size", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n10\0\r\nxxx"), LATER },
	{ "no CR LF behind the data", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nxxx__1a\r\n"), LATER },
	{ "no LF behind the data", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nxxx\r_1a\r\n"), LATER },
	{ "no CR behind the data", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nxxx_\n1a\r\n"), LATER },
	{ "a sign before the size", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+3\r\nxxx\r\n0\r\n\r\n"), LATER },
	{ "0x before the size", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x3\r\nxxx\r\n0\r\n\r\n"), LATER },
	{ "no size", 'R', "307 close", TEXT("PUT /u HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n;x\r\n\r\n"), LATER },
	{ "chunked in 1.0", 'A', "400", TEXT("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "1.0 has no Transfer-Encoding; who sends it is misunderstood by one of two (RFC 9112 section 6.1)" },
	/* llhttp, pipelining; h11, connection */
	{ "three with bodies", 'A', "307 307 307", TEXT("POST /aaa HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nAAAPUT /bbb HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nBBBBPATCH /ccc HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nCCCC" "C"), NULL },
	{ "two, then a bad one", 'R', "302 302 400", TEXT("GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\nX\r\n"), NULL },
	{ "two, then half of one", 'A', "302 302 ...", TEXT("GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\nGET /x"), NULL },
	{ "two, then TLS", 'R', "302 302 relay", TEXT("GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\n\x16\x03\x01\0\5"), "a client that begins TLS within HTTP is nobody's client: the other site's server tells it so" },
	{ "100-continue, no body yet", 'A', "307 close", TEXT("POST / HTTP/1.1\r\n" H "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"), NULL },
	{ "garbage", 'R', "400", TEXT("\x01\x02\x03\r\n"), NULL },
	{ "a response", 'R', "400", TEXT("HTTP/1.1 200 OK\r\n\r\n"), NULL },
	{ "a blank first", 'R', "400", TEXT(" GET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "an empty line of LF first", 'R', "400", TEXT("\nGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	/* picohttpparser, h1spec: what those above have not */
	{ "three blanks between the words", 'A', "400", TEXT("GET   /   HTTP/1.1\r\n" H "\r\n"), "one blank, says RFC 9112 section 3; who takes more may find another target" },
	{ "no method", 'R', "400", TEXT(" / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "no target", 'R', "400", TEXT("GET  HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "NUL in the method", 'R', "400", TEXT("G\0T / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a tab in the method", 'R', "400", TEXT("G\tT / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "a colon before the method", 'R', "400", TEXT(":GET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "words before the method", 'R', "400", TEXT("More wordsGET / HTTP/1.1\r\n" H "\r\n"), NULL },
	{ "no version, but its blank", 'R', "400", TEXT("GET / \r\n\r\n"), NULL },
	{ "a name of '|' and '~'", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "|~: 1\r\n\r\n"), NULL },
	{ "'{' in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "{: 1\r\n\r\n"), NULL },
	{ "'/' in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "/: 1\r\n\r\n"), NULL },
	{ "brackets in a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "X-A[]: 1\r\n\r\n"), NULL },
	{ "bytes beyond ASCII in target and value", 'A', "302", TEXT("GET /\xa0 HTTP/1.1\r\n" H "h: c\xa2y\r\n\r\n"), NULL },
	{ "folding in the end", 'A', "400", TEXT("GET / HTTP/1.1\r\n" H "foo: \r\nfoo: b\r\n  \tc\r\n\r\n"), FOLD },
	{ "100-continue without a body", 'A', "302", TEXT("GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n"), NULL },
	{ "a negative number that overflows", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "Content-Length: -123456789123456789123456789\r\n\r\n"), NULL },
	{ "a length beside chunked, any case", 'A', "400", TEXT("POST / HTTP/1.1\r\n" H "content-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\nc\r\ntwelve bytes\r\n0\r\n\r\n"), "one of both was smuggled in (RFC 9112 section 6.3); theirs may take either way" },
	{ "a CR before a name", 'R', "400", TEXT("GET / HTTP/1.1\r\n" H "\rSome: x\r\n\r\n"), NULL },
};
#define CASES (sizeof cases / sizeof *cases)

static void append(char *out, const char *word)
{
	if (*out)
		strcat(out, " ");
	strcat(out, word);
}

/* One request at *at. False: it was the last. */
static bool one(char *out, const char *text, size_t len, size_t *at)
{
	struct http_head h;
	struct http_skip s;
	char status[8];
	size_t used;

	http_head_init(&h);
	switch (http_parse(&h, text + *at, len - *at)) {
	case HTTP_MORE: append(out, "..."); return false;
	case HTTP_RELAY: append(out, "relay"); return false;
	case HTTP_ERROR:
		snprintf(status, sizeof status, "%u", h.status);
		append(out, status);
		return false;
	case HTTP_HEAD: break;
	}
	append(out, h.form == HTTP_ASTERISK ? "307*" : h.get_or_head ? "302" : "307");
	*at += h.head_len;
	if (!http_skip_init(&s, &h) || !h.keep_alive) {
		append(out, "close");
		return false;
	}
	switch (http_skip(&s, text + *at, len - *at, &used)) {
	case HTTP_SKIP_MORE: append(out, "..."); return false;
	case HTTP_SKIP_CLOSE: append(out, "close"); return false;
	case HTTP_SKIP_DONE: break;
	}
	*at += used;
	return *at < len;
}

static void test_cases(void)
{
	for (size_t i = 0; i < CASES; i++) {
		char got[200] = "", *copy = malloc(cases[i].len);
		size_t at = 0;

		memcpy(copy, cases[i].text, cases[i].len);
		while (one(got, copy, cases[i].len, &at))
			;
		free(copy);
		CU_ASSERT_STRING_EQUAL(got, cases[i].want);
		if (strcmp(got, cases[i].want) != 0)
			printf("\n    %s: %s, not %s", cases[i].what, got, cases[i].want);
	}
}

/* Is it a refusal? */
static bool refuses(const char *want)
{
	const char *last = strrchr(want, ' ');

	last = last ? last + 1 : want;
	return *last == '4' || *last == '5';
}

static void test_differences_have_reasons(void)
{
	CU_ASSERT(CASES >= 150);
	for (size_t i = 0; i < CASES; i++) {
		const struct corpus_case *c = &cases[i];
		bool same = c->theirs == 'R' ? refuses(c->want) : c->theirs == 'U' ? strcmp(c->want, "relay") == 0 : !refuses(c->want);

		CU_ASSERT_EQUAL(same, c->reason == NULL);
		if (same != (c->reason == NULL))
			printf("\n    %s: %s", c->what, same ? "a reason without a difference" : "a difference without a reason");
	}
}

UNIT_MAIN("http_corpus", UNIT_TEST(test_cases), UNIT_TEST(test_differences_have_reasons))
