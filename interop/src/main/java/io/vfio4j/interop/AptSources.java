// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** This machine's package sources, from sources.list(5), in both formats. */
final class AptSources {

  /**
   * An entry.
   *
   * @param uri the archive
   * @param suite the release, such as {@code trixie}
   * @param components its components, such as {@code main}
   */
  record Source(String uri, String suite, List<String> components) {
  }

  private AptSources() {
  }

  /**
   * Returns the archive of a Debian release.
   *
   * @param folder {@code /etc/apt}
   * @param release the code name of this machine's release; the same archive has the suites of other releases
   */
  static Optional<String> archiveOf(Path folder, String release) throws IOException {
    return read(folder).stream()
        .filter(source -> source.suite().equals(release) && source.components().contains("main"))
        .map(Source::uri).findFirst();
  }

  /**
   * Returns the archive of Debian's security updates, which has those of all releases.
   *
   * @param folder {@code /etc/apt}
   */
  static Optional<String> securityArchive(Path folder) throws IOException {
    return read(folder).stream()
        .filter(source -> source.suite().endsWith("-security") && source.components().contains("main"))
        .map(Source::uri).findFirst();
  }

  /** Returns all enabled entries for binary packages. */
  static List<Source> read(Path folder) throws IOException {
    List<Source> sources = new ArrayList<>();
    readList(folder.resolve("sources.list"), sources);
    Path parts = folder.resolve("sources.list.d");
    if (Files.isDirectory(parts)) {
      try (Stream<Path> files = Files.list(parts)) {
        for (Path file : files.sorted().toList()) {
          if (file.toString().endsWith(".list")) {
            readList(file, sources);
          } else if (file.toString().endsWith(".sources")) {
            readStanzas(file, sources);
          }
        }
      }
    }
    return sources;
  }

  /** Parses lines of the form {@code deb [options] uri suite component...}. */
  private static void readList(Path file, List<Source> into) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    for (String line : Files.readAllLines(file)) {
      String[] words = line.replaceAll("#.*", "").replaceAll("\\[[^]]*]", " ").trim().split("\\s+");
      if (words[0].equals("deb") && words.length > 2) {
        into.add(new Source(words[1], words[2], List.of(words).subList(3, words.length)));
      }
    }
  }

  /** Parses stanzas of fields (deb822(5)); each field may have several values. */
  private static void readStanzas(Path file, List<Source> into) throws IOException {
    Map<String, String> stanza = new LinkedHashMap<>();
    String field = "";
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.add("");
    for (String line : lines) {
      if (line.startsWith("#")) {
        continue;
      }
      if (line.isBlank()) {
        addStanza(stanza, into);
        stanza.clear();
      } else if (Character.isWhitespace(line.charAt(0))) {
        stanza.merge(field, line, String::concat);
      } else if (line.indexOf(':') > 0) {
        field = line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT);
        stanza.put(field, line.substring(line.indexOf(':') + 1));
      }
    }
  }

  private static void addStanza(Map<String, String> stanza, List<Source> into) {
    boolean isOn = !values(stanza, "enabled").contains("no");
    if (isOn && values(stanza, "types").contains("deb")) {
      for (String uri : values(stanza, "uris")) {
        for (String suite : values(stanza, "suites")) {
          into.add(new Source(uri, suite, values(stanza, "components")));
        }
      }
    }
  }

  private static List<String> values(Map<String, String> stanza, String field) {
    return Stream.of(stanza.getOrDefault(field, "").trim().split("\\s+")).filter(value -> !value.isEmpty())
        .toList();
  }
}
