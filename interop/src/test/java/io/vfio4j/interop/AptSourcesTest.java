// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.interop.AptSources.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptSourcesTest {

  @TempDir
  private Path etc;

  private void write(String name, String text) throws IOException {
    Path file = etc.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void readsBothFormats() throws Exception {
    write("sources.list", """
        # deb http://commented.example/debian trixie main
        deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian trixie main contrib # and more
        deb-src http://one.example/debian trixie main
        """);
    write("sources.list.d/b.list", "deb http://two.example stable extra\n");
    write("sources.list.d/a.sources", """
        Types: deb deb-src
        # a comment within
        URIs: http://three.example/debian
         http://four.example/debian
        Suites: bookworm bookworm-updates
        Components: main
        Signed-By: /usr/share/keyrings/k.gpg

        Types: deb
        URIs: http://off.example/
        Suites: bookworm
        Components: main
        Enabled: no

        Types: deb-src
        URIs: http://source.example/
        Suites: bookworm
        Components: main
        """);
    write("sources.list.d/c.txt", "deb http://ignored.example/debian trixie main\n");
    assertThat(AptSources.read(etc)).containsExactly(
        new Source("http://one.example/debian", "trixie", List.of("main", "contrib")),
        new Source("http://three.example/debian", "bookworm", List.of("main")),
        new Source("http://three.example/debian", "bookworm-updates", List.of("main")),
        new Source("http://four.example/debian", "bookworm", List.of("main")),
        new Source("http://four.example/debian", "bookworm-updates", List.of("main")),
        new Source("http://two.example", "stable", List.of("extra")));
  }

  @Test
  void selectsArchiveOfReleaseItself() throws Exception {
    write("sources.list", """
        deb http://vendor.example/debian bookworm stable
        deb http://security.example/debian-security bookworm-security main
        deb http://mirror.example/debian bookworm main
        """);
    assertThat(AptSources.archiveOf(etc, "bookworm")).hasValue("http://mirror.example/debian");
    assertThat(AptSources.archiveOf(etc, "noble")).isEmpty();
    assertThat(AptSources.securityArchive(etc)).hasValue("http://security.example/debian-security");
  }

  @Test
  void returnsNothingWithoutSources() throws Exception {
    assertThat(AptSources.read(etc)).isEmpty();
  }
}
