// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.SavedState;
import io.vfio4j.model.SanitizedText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The content of a saved state as text. */
final class SavedStateText {

  private SavedStateText() {
  }

  static List<String> lines(SavedState state, Path path) {
    List<String> lines = new ArrayList<>();
    lines.add("saved state  %s: intact, %s%s, stream version %s".formatted(path,
        Quantities.bytes(state.fileBytes()),
        state.compression().map(algorithm -> " by " + algorithm.displayName()).orElse(""), state.version()));
    lines.add("as of        " + state.stoppedAt());
    lines.add("source       " + source(state));
    for (int number = 0; number < state.devices().size(); number++) {
      add(lines, number, state.devices().get(number));
    }
    state.memory().forEach(region -> lines.add(
        "memory       %s: %s at 0x%x; %d pages in the file, including zero and repeated pages"
            .formatted(SanitizedText.of(region.name()), Quantities.bytes(region.size()), region.iova(),
                region.pages())));
    return lines;
  }

  private static String source(SavedState state) {
    return switch (state.source()) {
      case RUNNING -> "resumed after a downtime of %s; its state is newer than this"
          .formatted(Quantities.time(state.downtime()));
      case STOPPED -> "stopped, with this state";
      case UNKNOWN -> "failed to resume; this may be the only copy of its state";
    };
  }

  private static void add(List<String> lines, int number, SavedState.SavedDevice device) {
    lines.add("device %-5d %s: %s, class %06x".formatted(number, SanitizedText.of(device.identity().name()),
        device.identity().ids(), device.identity().classCode()));
    lines.add("  driver     " + SanitizedText.of(device.identity().driver()));
    lines.add("  features   %s, with version %d of the migration interface".formatted(
        String.join(", ", FeatureNames.of(device.features())), device.segmentation().isPresent() ? 1 : 2));
    lines.add("  state      " + Quantities.bytes(device.bytes()));
  }
}
