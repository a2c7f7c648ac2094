// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.MigrationOptions;
import picocli.CommandLine.Option;

/** The option {@code --no-peer-dma}: a picocli mixin. */
final class PeerDmaOption {

  @Option(names = "--no-peer-dma", description = "Assume that no device accesses the memory of another, so that several devices are accepted even if one lacks the P2P states.")
  private boolean noPeerDma;

  void applyTo(MigrationOptions.Builder options) {
    options.noPeerDma(noPeerDma);
  }
}
