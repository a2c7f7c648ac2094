// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.simulation.DirtySource;
import io.vfio4j.engine.simulation.WritePattern;
import java.util.List;

/** A synthetic source as given on the command line; the option determines its kind. */
record SourceSpec(long size, List<WritePattern> writes) {

  DirtySource source(DirtySource.Kind kind) {
    return new DirtySource.Synthetic(kind, size, 0, writes);
  }
}
