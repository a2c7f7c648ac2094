// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.simulation.DirtSource;
import io.vfio4j.engine.simulation.Writes;
import java.util.List;

/** A made-up source as it is written on the command line; the option says of which kind it is. */
record SourceSpec(long size, List<Writes> writes) {

  DirtSource source(DirtSource.Kind kind) {
    return new DirtSource.MadeUp(kind, size, 0, writes);
  }
}
