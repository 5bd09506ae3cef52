import { describe, expect, it } from "vitest";
import { parseDeb822, parseOneLine, parseOsRelease, privateSources } from "../../scripts/setup/apt-sources.mjs";

const bookworm = parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n');
const noble = parseOsRelease("PRETTY_NAME='Ubuntu 24.04 LTS'\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n");

describe("deb822 package lists", () => {
  it("reads stanzas, comments inside and between them, and several words a field", () => {
    const text = [
      "# the archive",
      "Types: deb deb-src",
      "# a comment inside",
      "URIs: http://mirror.test/debian",
      "Suites: bookworm bookworm-updates",
      "Components: main contrib",
      "Signed-By: /usr/share/keyrings/archive.gpg",
      "",
      "",
      "Types: deb",
      "URIs: http://mirror.test/debian-security",
      "Suites: bookworm-security",
      "Components: main",
    ].join("\n");
    expect(parseDeb822(text)).toEqual([
      {
        uris: ["http://mirror.test/debian"],
        suites: ["bookworm", "bookworm-updates"],
        components: ["main", "contrib"],
        options: { "signed-by": "/usr/share/keyrings/archive.gpg" },
      },
      { uris: ["http://mirror.test/debian-security"], suites: ["bookworm-security"], components: ["main"], options: {} },
    ]);
  });

  it("leaves out sources-only and disabled stanzas", () => {
    expect(parseDeb822("Types: deb-src\nURIs: http://a.test/debian\nSuites: x\nComponents: main\n\nEnabled: no\nTypes: deb\nURIs: http://b.test\nSuites: x\n")).toEqual([]);
  });

  it("reads continuation lines and drops a key written into the stanza", () => {
    const text = "Types: deb\nURIs: http://a.test/ubuntu\nSuites: noble\n noble-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP-----\n .\n abc\n";
    expect(parseDeb822(text)).toEqual([{ uris: ["http://a.test/ubuntu"], suites: ["noble", "noble-updates"], components: ["main"], options: {} }]);
  });

  it("keeps Windows line ends out of the values", () => {
    expect(parseDeb822("Types: deb\r\nURIs: http://a.test/debian\r\nSuites: s\r\nComponents: main\r\n")[0]?.components).toEqual(["main"]);
  });
});

describe("one-line package lists", () => {
  it("reads options, several components and trailing comments", () => {
    const text = "# all\ndeb [arch=amd64 signed-by=/k.gpg] http://m.test/debian bookworm main contrib # here\ndeb-src http://m.test/debian bookworm main\n\n  deb http://m.test/debian bookworm-updates main";
    expect(parseOneLine(text)).toEqual([
      { uris: ["http://m.test/debian"], suites: ["bookworm"], components: ["main", "contrib"], options: { arch: "amd64", "signed-by": "/k.gpg" } },
      { uris: ["http://m.test/debian"], suites: ["bookworm-updates"], components: ["main"], options: {} },
    ]);
  });
});

describe("the private package list", () => {
  it("adds the backports of Debian 12, whose own Mesa is too old", () => {
    const lists = parseOneLine("deb [signed-by=/k.gpg] http://m.test/debian bookworm main\ndeb http://m.test/debian bookworm-updates main");
    expect(privateSources(lists, bookworm)).toEqual({
      ok: true,
      release: "bookworm-backports",
      list: [
        "deb [signed-by=/k.gpg] http://m.test/debian bookworm main",
        "deb [signed-by=/k.gpg] http://m.test/debian bookworm-updates main",
        "deb [signed-by=/k.gpg] http://m.test/debian bookworm-backports main",
        "",
      ].join("\n"),
    });
  });

  it("needs no backports on Ubuntu 24.04", () => {
    const lists = parseDeb822("Types: deb\nURIs: http://u.test/ubuntu/\nSuites: noble noble-updates noble-backports\nComponents: main universe\nSigned-By: /k.gpg\n");
    expect(privateSources(lists, noble)).toEqual({
      ok: true,
      release: undefined,
      list: "deb [signed-by=/k.gpg] http://u.test/ubuntu/ noble main universe\ndeb [signed-by=/k.gpg] http://u.test/ubuntu/ noble-updates main universe\n",
    });
  });

  it("takes the distribution's archive, not a third party's that uses the same names", () => {
    const lists = parseOneLine("deb http://vendor.test bookworm main\ndeb http://m.test/debian bookworm main\ndeb http://tools.test/debian tools-bookworm main");
    const sources = privateSources(lists, bookworm);
    expect(sources.ok && sources.list.split("\n")[0]).toBe("deb http://m.test/debian bookworm main");
    expect(sources.ok && sources.list).not.toContain("vendor.test");
  });

  it("passes a mirror list on as it is", () => {
    const lists = parseDeb822("Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n");
    expect(privateSources(lists, bookworm)).toMatchObject({ ok: true, list: expect.stringContaining("mirror+file:///etc/apt/mirrors/debian.list bookworm main") });
  });

  it("says why where it cannot", () => {
    expect(privateSources([], bookworm)).toEqual({ ok: false, reason: 'the package lists of Debian GNU/Linux 12 (bookworm) name no archive of "bookworm"' });
    expect(privateSources([], {})).toMatchObject({ ok: false, reason: expect.stringContaining("/etc/os-release") });
    expect(privateSources([], parseOsRelease("PRETTY_NAME=old\nVERSION_CODENAME=bullseye"))).toMatchObject({ ok: false, reason: expect.stringContaining("older than Dawn accepts") });
  });
});
