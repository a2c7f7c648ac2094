// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.Output;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * A file to show.
 *
 * @param path the path as given by the user
 * @param bytes the content, from the first byte
 * @param options the devices to compare it with
 * @param common the output options
 */
record Inspection(Path path, InputStream bytes, InspectOptions options, CommonOptions common) {

  /** Returns whether there are devices to compare the file with. */
  boolean hasDevices() {
    return options.hasDevices(common.spec());
  }

  /** Opens the devices, inspects them, and closes them. */
  <T> T inspectDevices(InspectOptions.DeviceInspection<T> inspection) throws IOException {
    return options.inspectDevices(common.output(), common.spec(), inspection);
  }

  Output output() {
    return common.output();
  }
}
