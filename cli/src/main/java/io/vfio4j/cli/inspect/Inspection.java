// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.Output;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * A file that is to be shown.
 *
 * @param path where it is, as the user named it
 * @param bytes its bytes from the first on
 * @param options what it is to fit, if anything
 * @param common how to show it
 */
record Inspection(Path path, InputStream bytes, InspectOptions options, CommonOptions common) {

  /** Tells whether it is to fit devices. */
  boolean hasDevices() {
    return options.hasDevices(common.spec());
  }

  /** Opens these devices for a look. */
  <T> T inspectDevices(InspectOptions.DeviceInspection<T> look) throws IOException {
    return options.inspectDevices(common.output(), common.spec(), look);
  }

  /** Returns where to show it. */
  Output output() {
    return common.output();
  }
}
