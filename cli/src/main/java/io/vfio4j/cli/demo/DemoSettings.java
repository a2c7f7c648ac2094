// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The settings of the demonstration. */
final class DemoSettings {

  private static final int TRAFFIC_RATE = 10_000;
  private static final int CHURN_RATE = 2_000;
  private static final int ATTEMPTS = 3;

  private final long memory;
  private final Optional<Path> load;
  private final MigrationOptions options;
  private final List<String> targetFaults;
  private final MigrationVersions sourceVersions;
  private final MigrationVersions targetVersions;

  private DemoSettings(Builder builder) {
    this.memory = builder.memory;
    this.load = builder.load;
    this.options = builder.options;
    this.targetFaults = builder.targetFaults;
    this.sourceVersions = builder.sourceVersions;
    this.targetVersions = builder.targetVersions;
  }

  static Builder builder() {
    return new Builder();
  }

  /** Builds settings; the defaults are 256 MiB of zeros, default migration options, no faults, and version 2. */
  static final class Builder {

    private long memory = 256L << 20;
    private Optional<Path> load = Optional.empty();
    private MigrationOptions options = MigrationOptions.defaults();
    private List<String> targetFaults = List.of();
    private MigrationVersions sourceVersions = MigrationVersions.V2;
    private MigrationVersions targetVersions = MigrationVersions.V2;

    private Builder() {
    }

    /** Sets the size of each device's internal memory in bytes. */
    Builder memory(long bytes) {
      memory = bytes;
      return this;
    }

    /** Sets the file with the initial content of the memory at the source. */
    Builder load(Path file) {
      load = Optional.of(file);
      return this;
    }

    /** Sets the options of the migration. */
    Builder options(MigrationOptions value) {
      options = value;
      return this;
    }

    /** Sets the faults of the target, as {@code serve scratch --fault} takes them. */
    Builder targetFaults(List<String> faults) {
      targetFaults = List.copyOf(faults);
      return this;
    }

    /** Sets the versions of the migration interface at the source and at the target. */
    Builder versions(MigrationVersions source, MigrationVersions target) {
      sourceVersions = source;
      targetVersions = target;
      return this;
    }

    DemoSettings build() {
      return new DemoSettings(this);
    }
  }

  long memory() {
    return memory;
  }

  MigrationOptions options() {
    return options;
  }

  /** Returns the number of writes to guest memory per second. */
  int trafficRate() {
    return TRAFFIC_RATE;
  }

  /** Returns the number of changes of internal memory per second. */
  int churnRate() {
    return CHURN_RATE;
  }

  /** Returns the arguments of the command that serves a source device. */
  List<String> sourceArguments(Path socket) {
    List<String> arguments = arguments(socket, sourceVersions);
    load.ifPresent(file -> arguments.addAll(List.of("--load", file.toString())));
    return arguments;
  }

  /** Returns the arguments of the command that serves a target device. */
  List<String> targetArguments(Path socket) {
    List<String> arguments = arguments(socket, targetVersions);
    targetFaults.forEach(fault -> arguments.addAll(List.of("--fault", fault)));
    return arguments;
  }

  /** Returns the arguments of the command that serves a source device, with a control socket. */
  List<String> sourceArguments(Path socket, Path control) {
    List<String> arguments = sourceArguments(socket);
    arguments.addAll(List.of("--control", control.toString()));
    return arguments;
  }

  /** Returns the arguments of the command that serves a target device, with a control socket. */
  List<String> targetArguments(Path socket, Path control) {
    List<String> arguments = targetArguments(socket);
    arguments.addAll(List.of("--control", control.toString()));
    return arguments;
  }

  /** Returns how many bytes of the file each device's memory initially holds. */
  long loadedBytes() {
    try {
      return load.isEmpty() ? 0 : Math.min(memory, Files.size(load.get()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> arguments(Path socket, MigrationVersions versions) {
    return new ArrayList<>(List.of("serve", "scratch", "--socket", socket.toString(), "--memory",
        Long.toString(memory), "--migration", versions.name().toLowerCase(Locale.ROOT)));
  }

  /** One attempt to migrate and to check the result. */
  @FunctionalInterface
  interface Attempt {
    DemoResult run(int number) throws IOException, MigrationException;
  }

  /** Retries a migration that fails with the source running: on a busy machine it may exceed its maximum downtime. */
  static DemoResult retry(Attempt attempt) throws IOException, MigrationException {
    for (int number = 1;; number++) {
      try {
        return attempt.run(number);
      } catch (MigrationException e) {
        if (e.outcome() != Outcome.SOURCE_RUNNING || number == ATTEMPTS) {
          throw e;
        }
      }
    }
  }
}
