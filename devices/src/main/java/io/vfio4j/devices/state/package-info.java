@NullMarked
package io.vfio4j.devices.state;

import org.jspecify.annotations.NullMarked;
