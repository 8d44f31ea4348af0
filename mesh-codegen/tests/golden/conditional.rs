pub struct Device;

#[actor]
impl Device {
    #[cfg(feature = "gpu")]
    #[new]
    fn new(id: u32) -> Self {
        Device::gpu(id)
    }

    #[cfg(not(feature = "gpu"))]
    #[new]
    fn new(id: u32) -> Self {
        Device::cpu(id)
    }

    /// The temperature in degrees.
    #[cfg(feature = "gpu")]
    #[handler]
    #[deprecated = "use `heat`"]
    pub fn temperature(&self) -> f64 {
        self.sensor.read()
    }

    #[cfg(target_os = "linux")]
    #[on_start]
    fn start(&mut self) {}
}
