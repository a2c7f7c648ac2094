// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * An apt with separate folders: it fetches packages, which may be of a release other than this machine's, and
 * installs none.
 */
final class PrivateApt {

  /** The keyring that verifies the archive's signatures. */
  static final Path KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private final Path folder;
  private final Path config;

  /**
   * Creates the folders and the configuration.
   *
   * @param folder the folder for all files
   * @param sources the package sources in Debian's archives
   */
  PrivateApt(Path folder, List<AptSources.Source> sources) throws IOException {
    this.folder = folder;
    config = folder.resolve("apt.conf");
    Files.createDirectories(folder.resolve("state/lists/partial"));
    Files.createDirectories(folder.resolve("cache/archives/partial"));
    Files.writeString(folder.resolve("status"), "");
    Files.write(folder.resolve("sources.list"),
        sources.stream().map(source -> "deb [signed-by=%s] %s %s %s".formatted(KEYRING, source.uri(),
            source.suite(), String.join(" ", source.components()))).toList());
    // Read after the machine's configuration, to use its proxies but not its hooks.
    Files.writeString(config, """
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        Dir::State "%1$s/state";
        Dir::State::status "%1$s/status";
        Dir::Cache "%1$s/cache";
        Dir::Etc::sourcelist "%1$s/sources.list";
        Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::preferences "/dev/null";
        Dir::Etc::preferencesparts "/dev/null";
        APT::Architecture "amd64";
        APT::Architectures { "amd64"; };
        APT::Install-Recommends "false";
        APT::Sandbox::User "";
        APT::Update::Error-Mode "any";
        Acquire::Languages "none";
        Acquire::Retries "3";
        """.formatted(folder));
  }

  /** Fetches the package lists. */
  void update() throws IOException, InterruptedException {
    ToolProcess.run(TIMEOUT, folder, command("apt-get", "-qq", "update"));
  }

  /** Returns the first dependency of a metapackage, which is the actual package. */
  String resolveMetapackage(String metapackage) throws IOException, InterruptedException {
    String text = ToolProcess.run(TIMEOUT, folder, command("apt-cache", "depends", metapackage));
    return text.lines().map(String::trim).filter(line -> line.startsWith("Depends: "))
        .map(line -> line.substring("Depends: ".length())).findFirst()
        .orElseThrow(
            () -> new IOException("apt-cache reports no dependency of " + metapackage + ": " + text));
  }

  /** Returns the candidate version of a package. */
  String version(String name) throws IOException, InterruptedException {
    String text = ToolProcess.run(TIMEOUT, folder, command("apt-cache", "show", "--no-all-versions", name));
    return text.lines().filter(line -> line.startsWith("Version: "))
        .map(line -> line.substring("Version: ".length())).findFirst()
        .orElseThrow(() -> new IOException("apt-cache reports no version of " + name + ": " + text));
  }

  /** Fetches a package and its dependencies, preferably from one suite, and returns the files. */
  List<Path> fetchWithDependencies(String name, String suite) throws IOException, InterruptedException {
    ToolProcess.run(TIMEOUT, folder,
        command("apt-get", "-qq", "-y", "-t", suite, "install", "--download-only", name));
    return packages(folder.resolve("cache/archives"));
  }

  /** Fetches a package without dependencies, {@code NAME} or {@code NAME=VERSION}, and returns its file. */
  Path fetch(String name) throws IOException, InterruptedException {
    Path into = Files.createTempDirectory(folder, "fetched");
    ToolProcess.run(TIMEOUT, into, command("apt-get", "-qq", "download", name));
    List<Path> files = packages(into);
    if (files.size() != 1) {
      throw new IOException("apt-get download " + name + " left " + files);
    }
    return files.getFirst();
  }

  private List<String> command(String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program, "-c", config.toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static List<Path> packages(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".deb")).sorted().toList();
    }
  }
}
