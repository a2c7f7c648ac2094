// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;

/** The methods of a {@link PciDevice} that its migration calls; they are documented there. */
interface DeviceHooks {

  void beforeArc(Arc arc) throws ArcException;

  void onLoaded() throws ErrnoException;

  void onStateChanged(DeviceState from, DeviceState to);

  SavingSession wrap(SavingSession session);

  ResumingSession wrap(ResumingSession session);
}
