/** The page begins here. */
import { mount } from "svelte";
import App from "./App.svelte";
import "@fontsource-variable/inter/wght.css";
import "./style.css";

mount(App, { target: document.querySelector("#app")! });
