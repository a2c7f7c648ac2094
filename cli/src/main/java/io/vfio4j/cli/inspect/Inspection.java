// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.CommonOptions;
import io.vfio4j.cli.InspectedFile;
import io.vfio4j.cli.Output;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * A file that is to be shown.
 *
 * @param path where it is, as the user named it
 * @param bytes its bytes from the first on
 * @param inspected what it is to fit, if anything
 * @param common how to show it
 */
record Inspection(Path path, InputStream bytes, InspectedFile inspected, CommonOptions common) {

  /** Tells whether it is to fit devices. */
  boolean isToFit() {
    return inspected.isToFit(common.spec());
  }

  /** Opens these devices for a look. */
  <T> T look(InspectedFile.Look<T> look) throws IOException {
    return inspected.look(common.output(), common.spec(), look);
  }

  /** Returns where to show it. */
  Output output() {
    return common.output();
  }
}
