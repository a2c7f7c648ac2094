// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.connection.PeerFailedException;
import io.vfio4j.engine.device.ArcTimeoutException;
import io.vfio4j.engine.device.WorkloadException;
import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.progress.DowntimeExceededException;
import io.vfio4j.engine.progress.NotConvergingException;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.util.RefusedException;
import io.vfio4j.model.DeviceException;
import java.io.IOException;
import java.util.Objects;

/** Where a failure occurred, which decides who must be notified. */
public enum FailureOrigin {
  /** This side: its device, workload or listener, or a timeout. */
  HERE,
  /** The other side, which reported the failure. */
  PEER,
  /** The connection: it broke, stalled, or delivered invalid data, so nothing can be sent over it. */
  CONNECTION;

  public static FailureOrigin of(Throwable failure) {
    return switch (Objects.requireNonNull(failure)) {
      case PeerFailedException e -> PEER;
      case DeviceException e -> HERE;
      case RefusedException e -> HERE;
      case DowntimeExceededException e -> HERE;
      case NotConvergingException e -> HERE;
      case WorkloadException e -> HERE;
      case StreamException e -> HERE;
      case JournalException e -> HERE;
      case ArcTimeoutException e -> HERE;
      case FileException e -> HERE;
      case IOException e -> CONNECTION;
      default -> HERE;
    };
  }
}
